package data

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Config is the [data] section of config.toml. The zero value of a field means its default.
type Config struct {
	Name  string  `toml:"name"`  // a named corpus (see Names) or a path: text, .gz, .tsv, a directory; default "opticks"
	Task  string  `toml:"task"`  // "lm", "mask", "pairs", "dialogue" or "summary"; default: the named corpus's own, or "lm"
	Split float64 `toml:"split"` // share for training, by position (text) or by key (tables); default 0.9
	Order string  `toml:"order"` // lm and mask: "random" windows, or "sequential" lanes that continue (truncated BPTT)

	Invalid string `toml:"invalid"` // bytes that are not UTF-8, and NUL: "keep" (default) or "refuse"
	Ragged  string `toml:"ragged"`  // table rows that lack a column: "refuse" (default) or "skip" and count

	Encoder       bool   `toml:"encoder"`        // the source goes to an encoder; otherwise prompt and answer share one sequence
	Source        string `toml:"source"`         // columns of the source, by number from 1 or by header name: "1", "form,title"
	Target        string `toml:"target"`         // column of the answer
	Key           string `toml:"key"`            // rows that agree in this column stay in one part; default: the source
	Reply         string `toml:"reply"`          // dialogue: the speaker whose turns are learned; empty: everybody's
	LearnSource   bool   `toml:"learn_source"`   // one sequence: the prompt is learned too, in training; not with encoder or in dialogues
	LengthControl bool   `toml:"length_control"` // a token tells the model how long an answer is wanted
	MaxSource     int    `toml:"max_source"`     // tokens of a source that are kept; 0: what the context allows
	Buckets       int    `toml:"buckets"`        // shapes (T, S) that examples are padded to; default 6

	Size     int    `toml:"size"`     // generated corpora (tales, copy, reverse): how many examples; default 2000
	Level    int    `toml:"level"`    // generated corpora: difficulty from 1 to 3; default 2
	Language string `toml:"language"` // tales: "en", "zh" or "both" (default)
	Seed     uint64 `toml:"seed"`     // generated corpora: their seed
}

// TokenizerConfig is the [tokenizer] section of config.toml.
type TokenizerConfig struct {
	Kind  string `toml:"kind"`  // "char" (default), "byte", "bpe", or the path of a tokenizer's file
	Vocab int    `toml:"vocab"` // bpe: how many ids to learn; default 4096
}

// Options is where a corpus is prepared; it does not change what the corpus is.
type Options struct {
	Cache string    // directory of downloads and token files; empty: euryale in the user's cache directory
	Log   io.Writer // progress and messages; nil: silent
}

// resolve returns c with defaults in place of zero values, or says which key is wrong.
func (c Config) resolve() (Config, error) {
	setDefault(&c.Name, "opticks")
	c = c.namedDefaults()
	setDefault(&c.Task, "lm")
	setDefault(&c.Order, "random")
	setDefault(&c.Invalid, "keep")
	setDefault(&c.Ragged, "refuse")
	setDefault(&c.Language, "both")
	setDefault(&c.Split, 0.9)
	setDefault(&c.Buckets, 6)
	setDefault(&c.Size, 2000)
	setDefault(&c.Level, 2)
	for _, k := range []struct {
		key, value string
		allowed    []string
	}{
		{"task", c.Task, []string{"lm", "mask", "pairs", "dialogue", "summary"}},
		{"order", c.Order, []string{"random", "sequential"}},
		{"invalid", c.Invalid, []string{"keep", "refuse"}},
		{"ragged", c.Ragged, []string{"refuse", "skip"}},
		{"language", c.Language, []string{"en", "zh", "both"}},
	} {
		if !slices.Contains(k.allowed, k.value) {
			return c, fmt.Errorf("data.%s is %q: it must be one of %s", k.key, k.value, strings.Join(k.allowed, ", "))
		}
	}
	c = c.generatedDefaults()
	if c.isTable() && c.Source == "" && c.Target == "" {
		c.Source, c.Target = "1", "2"
	}
	if c.Order == "sequential" && c.isTable() {
		return c, errors.New("data.order is sequential, but the rows of a table do not continue each other: leave it at random")
	}
	if c.Task == "mask" && (c.Source != "" || c.Target != "") {
		return c, errors.New("data.task is mask, which hides tokens of running text, but data.source and data.target name a table's columns: give it a text")
	}
	if c.Encoder && !c.isTable() && c.Source == "" {
		return c, errors.New("data.encoder is true, but plain text has no source for an encoder: choose data.task pairs, dialogue or summary, or a model without an encoder")
	}
	return c, c.checkRanges()
}

// checkRanges checks the numbers of a resolved configuration.
func (c Config) checkRanges() error {
	if c.LearnSource && (c.Encoder || c.Task == "dialogue") {
		return fmt.Errorf("data.learn_source is for prompts that share a sequence with one answer: not with data.encoder or data.task %q", "dialogue")
	}
	if !(c.Split > 0 && c.Split < 1) {
		return fmt.Errorf("data.split is %v: it must lie between 0 and 1, as 0.9 does", c.Split)
	}
	if c.MaxSource != 0 && c.MaxSource < smallestContext {
		return fmt.Errorf("data.max_source is %d: it must be 0 (as many as the context) or %d and more", c.MaxSource, smallestContext)
	}
	for _, k := range []struct {
		key             string
		value, min, max int
	}{
		{"buckets", c.Buckets, 1, 64},
		{"size", c.Size, 10, maxSize},
		{"level", c.Level, 1, 3},
	} {
		if k.value < k.min || k.value > k.max {
			return fmt.Errorf("data.%s is %d: it must be from %d to %d", k.key, k.value, k.min, k.max)
		}
	}
	return nil
}

// setDefault puts value into the field if it is zero.
func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
