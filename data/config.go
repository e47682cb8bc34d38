package data

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"euryale/data/record"
	"euryale/data/task"
)

// Config is the [data] section of config.toml. The zero value of a field means its default.
type Config struct {
	Name  string  `toml:"name"`  // a named corpus (see Names) or a path: a file of text, a table or records, or a directory; default "opticks"
	Task  string  `toml:"task"`  // "lm", "mask", "pairs", "dialogue" or "summary"; default: the named corpus's own, or "lm"
	Split float64 `toml:"split"` // fraction for training, by position (text) or by key (tables); default 0.9
	Test  float64 `toml:"test"`  // fraction held out for the test part: the end of a text, or by key; default 0
	Order string  `toml:"order"` // lm and mask: "random" windows, or "sequential" ones for truncated BPTT

	Invalid string `toml:"invalid"` // bytes that are not UTF-8, and NUL: "keep" (default) or "refuse"
	Ragged  string `toml:"ragged"`  // rows that lack a column, records that cannot be read: "refuse" (default of tables) or "skip" and count (of records)

	Format   string `toml:"format"`   // "auto" (default: by content), "text" (also a table of tab-separated columns), "jsonl", "csv" or "parquet"
	Text     string `toml:"text"`     // lm and mask, records: columns of the text, joined by newlines; default: "text" or a like name
	Messages string `toml:"messages"` // dialogue, records: column of the list of messages; default "messages" or "conversations"
	Role     string `toml:"role"`     // the key of a message that has its speaker; default "role" ("from" of conversations)
	Content  string `toml:"content"`  // the key of a message that has its text; default "content" ("value" of conversations)

	Encoder       bool   `toml:"encoder"`        // an encoder reads the source; otherwise prompt and answer share one sequence
	Source        string `toml:"source"`         // columns of the source, by number from 1 or by name: "1", "form,title"; default of records: known names
	Target        string `toml:"target"`         // column of the answer
	Key           string `toml:"key"`            // rows with equal values in this column stay in one part; default: the source
	Reply         string `toml:"reply"`          // dialogue: the speaker whose turns are targets; "*": all; default: all, of messages the assistant
	LearnSource   bool   `toml:"learn_source"`   // one sequence: prompt tokens are training targets too; not with encoder or dialogue
	LengthControl bool   `toml:"length_control"` // a token tells the model the wanted length of the answer
	UnknownWords  int    `toml:"unknown_words"`  // pairs and summary, word tokenizer: so many different unknown words of a source have tokens of their own, which can be copied; 0: none
	MaxSource     int    `toml:"max_source"`     // longest source in tokens, truncated beyond; 0: as the context allows
	SourceKeep    string `toml:"source_keep"`    // pairs and summary: what is kept of a source that is too long: its "start" (default), its "end", or "both"
	Buckets       int    `toml:"buckets"`        // number of shapes (T, S) that examples are padded to; default 6

	BPEDropout    float64 `toml:"bpe_dropout"`    // pairs and summary, training: probability that a merge of the tokenizer is left out; 0: none
	BPEDropoutIn  string  `toml:"bpe_dropout_in"` // where: "source", "target" or "both" (default)
	WordDropout   float64 `toml:"word_dropout"`   // training: probability that an answer token which the decoder reads is hidden; 0: none
	SourceDropout float64 `toml:"source_dropout"` // pairs and summary, training: probability that a token of the source is left out; 0: none

	FilterRatio      float64 `toml:"filter_ratio"`      // pairs and summary: drop training pairs whose ratio of lengths differs by more than this factor from the median; 0: none
	FilterDuplicates bool    `toml:"filter_duplicates"` // pairs and summary: drop training pairs that stand before, or in another part
	SourceScript     string  `toml:"source_script"`     // pairs and summary: drop training pairs whose source is mostly not of this script of Unicode, as "latin"
	TargetScript     string  `toml:"target_script"`     // and those whose answer is not, as "han"

	Mix string `toml:"mix"` // a mixture of corpora in place of data.name, parts separated by semicolons: "CORPUS tag=NAME …; …", see docs/data.md

	Size     int    `toml:"size"`     // generated corpora: number of examples (lines, tales, pairs); default 2000
	Level    int    `toml:"level"`    // generated corpora: difficulty from 1 to 3; default 2
	Language string `toml:"language"` // tales: "en", "zh" or "both" (default)
	Seed     uint64 `toml:"seed"`     // generated corpora and canaries: random seed

	Canaries      int    `toml:"canaries"`       // lm and mask, running text: lines with random secrets that are planted in the training part; 0: none
	CanaryRepeats string `toml:"canary_repeats"` // how often each is planted, in turn; default "100,10,1"
	CanaryFormat  string `toml:"canary_format"`  // the line, with # for each random digit; default "My secret number is #########."
}

// Options says where prepared files and messages go; it does not affect the data.
type Options struct {
	Cache string    // directory of downloads and token files; empty: euryale in the user's cache directory
	Log   io.Writer // progress and messages; nil: silent
}

// The columns of a source and an answer by default.
const defaultSource, defaultTarget = "1", "2"

// maxSize is the largest number of examples of a generated corpus. Even level 1 has several times as
// many different tales and strings.
const maxSize = 50_000

// setDefault sets the field to value if it is zero.
func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// task returns the keys of c that package task reads.
func (c Config) task() task.Config {
	return task.Config{
		Task: c.Task, Encoder: c.Encoder, Source: c.Source, Target: c.Target, Key: c.Key, Reply: c.Reply,
		LearnSource: c.LearnSource, LengthControl: c.LengthControl, WordDropout: c.WordDropout, UnknownWords: c.UnknownWords, MaxSource: c.MaxSource, SourceKeep: c.SourceKeep,
		Split: c.Split, Test: c.Test, Invalid: c.Invalid, Ragged: c.Ragged,
	}
}

// noise returns the noise of training samples.
func (c Config) noise() task.Noise {
	return task.Noise{Merges: c.BPEDropout, In: c.BPEDropoutIn, Words: c.WordDropout, Source: c.SourceDropout}
}

// filter returns the filter of training pairs.
func (c Config) filter() task.Filter {
	return task.Filter{Ratio: c.FilterRatio, Duplicates: c.FilterDuplicates, SourceScript: c.SourceScript, TargetScript: c.TargetScript}
}

// record returns the keys of c that package record reads.
func (c Config) record() record.Config {
	return record.Config{
		Task: c.Task, Format: c.Format, Text: c.Text, Source: c.Source, Target: c.Target, Key: c.Key,
		Messages: c.Messages, Role: c.Role, Content: c.Content, Ragged: c.Ragged, Invalid: c.Invalid,
		DefaultColumns: c.Source == defaultSource && c.Target == defaultTarget, RunningText: !c.task().HasRows(),
	}
}

// CacheDir returns the directory of downloads and token files.
func (o Options) CacheDir() (string, error) {
	if o.Cache != "" {
		return o.Cache, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no cache directory: %w: set HOME or XDG_CACHE_HOME", err)
	}
	return filepath.Join(dir, "euryale"), nil
}
