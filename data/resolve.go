package data

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"euryale/data/record"
	"euryale/data/task"
	"euryale/data/tokenizer"
)

// resolve returns c with defaults in place of zero values, or an error that names the wrong key.
func (c Config) resolve() (Config, error) {
	if c.Mix != "" {
		c.Name = mixName
		if c.Task == "" || c.Task == "lm" {
			c.Task = "pairs"
		}
	}
	setDefault(&c.Name, "opticks")
	c = c.namedDefaults()
	setDefault(&c.Task, "lm")
	setDefault(&c.Order, "random")
	setDefault(&c.Invalid, "keep")
	setDefault(&c.Format, "auto")
	setDefault(&c.Language, "both")
	setDefault(&c.SourceKeep, task.KeepStart)
	setDefault(&c.BPEDropoutIn, task.InBoth)
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
		{"ragged", cmp.Or(c.Ragged, "refuse"), []string{"refuse", "skip"}},
		{"format", c.Format, record.Formats},
		{"language", c.Language, []string{"en", "zh", "both"}},
		{"bpe_dropout_in", c.BPEDropoutIn, []string{task.InSource, task.InTarget, task.InBoth}},
		{"source_keep", c.SourceKeep, []string{task.KeepStart, task.KeepEnd, task.KeepBoth}},
	} {
		if !slices.Contains(k.allowed, k.value) {
			return c, fmt.Errorf("data.%s is %q: it must be one of %s", k.key, k.value, strings.Join(k.allowed, ", "))
		}
	}
	c = c.generatedDefaults()
	if c.task().HasRows() && c.Source == "" && c.Target == "" {
		c.Source, c.Target = defaultSource, defaultTarget
	}
	if c.Order == "sequential" && c.task().HasRows() {
		return c, errors.New("data.order is sequential, but the rows of a table do not continue each other: use data.order = \"random\"")
	}
	if c.Task == "mask" && (c.Source != "" || c.Target != "") {
		return c, errors.New("data.task is mask, which masks tokens of running text, but data.source and data.target name the columns of a table: leave them empty, or choose another task")
	}
	if c.Encoder && !c.task().HasRows() && c.Source == "" {
		return c, errors.New("data.encoder is true, but plain text has no source for an encoder: choose data.task pairs, dialogue or summary, or a model without an encoder")
	}
	if c.SourceKeep != task.KeepStart && (!c.task().HasRows() || c.Task == "dialogue") {
		return c, fmt.Errorf("data.source_keep is %q, and data.task is %q: it is for the sources of pairs and summaries; of a dialogue the last turns that fit are kept", c.SourceKeep, c.Task)
	}
	if c.Canaries > 0 && c.task().HasRows() {
		return c, fmt.Errorf("data.canaries is %d, and the rows of a table have no place for them: they are planted in running text (data.task lm or mask)", c.Canaries)
	}
	if _, _, _, _, err := c.canaryKeys(); err != nil {
		return c, err
	}
	return c, cmp.Or(c.checkNoise(), c.checkFilter(), c.checkMix(), c.checkRanges())
}

// checkNoise checks the noise of training samples.
func (c Config) checkNoise() error {
	for _, k := range []struct {
		key   string
		value float64
		fits  bool // the data have what it changes
		want  string
	}{
		{"bpe_dropout", c.BPEDropout, c.task().HasRows() && c.Task != "dialogue", "pairs or summary"},
		{"source_dropout", c.SourceDropout, c.task().HasRows() && c.Task != "dialogue" && c.Source != "", "pairs or summary, with data.source"},
		{"word_dropout", c.WordDropout, c.task().HasRows(), "pairs, dialogue or summary"},
	} {
		switch {
		case !(k.value >= 0 && k.value <= 1):
			return fmt.Errorf("data.%s is %v: it must be a probability from 0 (none) to 1", k.key, k.value)
		case k.value > 0 && !k.fits:
			return fmt.Errorf("data.%s is %v, and data.task is %s: it is for %s", k.key, k.value, c.Task, k.want)
		}
	}
	return nil
}

// checkFilter checks the filter of training pairs.
func (c Config) checkFilter() error {
	hasPairs := c.task().HasRows() && c.Task != "dialogue"
	if !(c.FilterRatio == 0 || c.FilterRatio >= 1 && !math.IsInf(c.FilterRatio, 0)) {
		return fmt.Errorf("data.filter_ratio is %v: it must be 0 (none) or a factor of at least 1, as 3", c.FilterRatio)
	}
	for _, k := range []struct{ key, value string }{{"source_script", c.SourceScript}, {"target_script", c.TargetScript}} {
		if _, known := task.Script(k.value); k.value != "" && !known {
			return fmt.Errorf("data.%s is %q, which is no script of Unicode: it must be one as latin, han, cyrillic, arabic, hiragana or hangul", k.key, k.value)
		}
	}
	if !hasPairs && c.filter() != (task.Filter{}) {
		return fmt.Errorf("data.task is %s, and data.filter_ratio, filter_duplicates, source_script and target_script are for pairs and summaries", c.Task)
	}
	return nil
}

// checkRanges checks the numbers of a resolved configuration.
func (c Config) checkRanges() error {
	if c.LearnSource && (c.Encoder || c.Task == "dialogue") {
		return fmt.Errorf("data.learn_source needs a prompt and one answer in one sequence: it cannot be used with data.encoder or data.task %q", "dialogue")
	}
	if c.UnknownWords != 0 && c.Task != "pairs" && c.Task != "summary" {
		return fmt.Errorf("data.unknown_words is %d: it is for the sources of data.task pairs and summary, and the task is %s", c.UnknownWords, c.Task)
	}
	if !(c.Split > 0 && c.Split < 1) {
		return fmt.Errorf("data.split is %v: it must be between 0 and 1, such as 0.9", c.Split)
	}
	if !(c.Test >= 0 && c.Split+c.Test < 1) {
		return fmt.Errorf("data.test is %v and data.split %v: the fractions of training and test must leave some for validation, such as split 0.8 and test 0.1", c.Test, c.Split)
	}
	if c.MaxSource != 0 && c.MaxSource < task.SmallestContext {
		return fmt.Errorf("data.max_source is %d: it must be 0 (no limit but the context) or at least %d", c.MaxSource, task.SmallestContext)
	}
	for _, k := range []struct {
		key             string
		value, min, max int
	}{
		{"unknown_words", c.UnknownWords, 0, 1000},
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

// NewFormat returns the format of the task of a corpus that was opened with c, for its tokenizer tk.
// A tokenizer that lacks a special token of the task is an error.
func NewFormat(c Config, tk tokenizer.Tokenizer) (*task.Format, error) {
	c, err := c.resolve()
	if err != nil {
		return nil, err
	}
	if c.Mix != "" {
		return newMixture(c, tk)
	}
	return task.NewFormat(c.task(), tk)
}
