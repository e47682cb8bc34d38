package data

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"euryale/data/record"
	"euryale/data/task"
	"euryale/data/tokenizer"
)

// resolve returns c with defaults in place of zero values, or an error that names the wrong key.
func (c Config) resolve() (Config, error) {
	setDefault(&c.Name, "opticks")
	c = c.namedDefaults()
	setDefault(&c.Task, "lm")
	setDefault(&c.Order, "random")
	setDefault(&c.Invalid, "keep")
	setDefault(&c.Format, "auto")
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
		{"ragged", cmp.Or(c.Ragged, "refuse"), []string{"refuse", "skip"}},
		{"format", c.Format, record.Formats},
		{"language", c.Language, []string{"en", "zh", "both"}},
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
	if c.Canaries > 0 && c.task().HasRows() {
		return c, fmt.Errorf("data.canaries is %d, and the rows of a table have no place for them: they are planted in running text (data.task lm or mask)", c.Canaries)
	}
	if _, _, _, _, err := c.canaryKeys(); err != nil {
		return c, err
	}
	return c, c.checkRanges()
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
	return task.NewFormat(c.task(), tk)
}
