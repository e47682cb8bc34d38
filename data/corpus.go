package data

import (
	"fmt"
	"strings"

	"euryale/data/task"
	"euryale/data/tokenizer"
)

// Corpus is data made ready for a model: a tokenizer, a part to train on and a part to
// validate on.
type Corpus struct {
	Config    Config // with every default filled in
	Tokenizer tokenizer.Tokenizer
	Info      Info
	parts     dataset
}

// Info says what a corpus is and where it comes from.
type Info struct {
	Name    string   // as asked for
	Source  string   // where it was read from
	Licence string   // empty if unknown, as for a path
	Bytes   int64    // of text
	Train   int      // tokens to predict in the training part
	Valid   int      // tokens to predict in the validation part
	Notes   []string // what was skipped or is not as expected
}

// dataset is what the tasks implement.
type dataset interface {
	train(batch, context int, seed uint64) (Batcher, error)
	valid(batch, context int) (Batcher, error)
	examples(part string) ([]task.Example, error)
	written(part, tokens int, tk tokenizer.Tokenizer) (string, error)
	close() error
}

// Train returns the batches of the training part: batch lanes of context tokens each.
// Batch n is a function of seed and n.
func (c *Corpus) Train(batch, context int, seed uint64) (Batcher, error) {
	if err := checkSizes(batch, context); err != nil {
		return nil, err
	}
	b, err := c.parts.train(batch, context, seed)
	return b, c.named(err)
}

// Valid returns the batches of the validation part, the same at every call. They hold every target
// of the part that fits the context exactly once; the last batch is filled up with padding.
func (c *Corpus) Valid(batch, context int) (Batcher, error) {
	if err := checkSizes(batch, context); err != nil {
		return nil, err
	}
	b, err := c.parts.valid(batch, context)
	return b, c.named(err)
}

// Examples lists what a part ("train", "valid" or "test") of a task's corpus has to generate, with
// the answers people wrote. Plain text has none and is an error.
func (c *Corpus) Examples(part string) ([]task.Example, error) {
	examples, err := c.parts.examples(part)
	return examples, c.named(err)
}

// Text returns what people wrote in a part ("train", "valid" or "test"), at most so many tokens from
// its start, or all of it if tokens is 0: the text, or the answers line by line. It is what a
// generated text may have been copied from.
func (c *Corpus) Text(part string, tokens int) (string, error) {
	i, err := task.ParsePart(part)
	if err != nil {
		return "", c.named(err)
	}
	text, err := c.parts.written(i, tokens, c.Tokenizer)
	return text, c.named(err)
}

// Format returns the format of the corpus's task.
func (c *Corpus) Format() (*task.Format, error) { return NewFormat(c.Config, c.Tokenizer) }

// Close releases mapped files. Batchers of the corpus must not be used afterwards.
func (c *Corpus) Close() error { return c.parts.close() }

// Describe is a short text about the corpus for people.
func (c *Corpus) Describe() string {
	var b strings.Builder
	i := c.Info
	fmt.Fprintf(&b, "corpus    %s (%s)\n", i.Name, i.Source)
	if i.Licence != "" {
		fmt.Fprintf(&b, "licence   %s\n", i.Licence)
	}
	fmt.Fprintf(&b, "tokenizer %s, %d ids\n", c.Tokenizer.Kind(), c.Tokenizer.Vocab())
	fmt.Fprintf(&b, "text      %d bytes: %d tokens to train on, %d to validate on\n", i.Bytes, i.Train, i.Valid)
	for _, note := range i.Notes {
		fmt.Fprintf(&b, "note      %s\n", note)
	}
	return b.String()
}

// named adds the corpus's name to an error.
func (c *Corpus) named(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("corpus %s: %w", c.Info.Name, err)
}

// checkSizes refuses a batch without lanes or tokens.
func checkSizes(batch, context int) error {
	if batch < 1 || context < 1 {
		return fmt.Errorf("a batch of %d lanes of %d tokens: both must be at least 1", batch, context)
	}
	return nil
}
