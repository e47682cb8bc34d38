package data

import (
	"errors"
	"fmt"
	"hash"
	"strings"

	"euryale/data/task"
	"euryale/data/tokenizer"
)

// Corpus is tokenized data with its tokenizer, split into a training and a validation part, and a test
// part if data.test is set or the rows of a table name one.
type Corpus struct {
	Config    Config // with every default filled in
	Tokenizer tokenizer.Tokenizer
	Info      Info
	parts     dataset
}

// Info describes a corpus and its origin.
type Info struct {
	Name    string       // data.name of the configuration
	Source  string       // origin of the text
	Licence string       // empty if unknown, as for a path
	Records string       // what the files have, if they are of records: "200 dialogues (messages)"
	Bytes   int64        // of text
	Train   int          // tokens to predict in the training part
	Valid   int          // tokens to predict in the validation part
	Test    int          // tokens to predict in the test part
	Dropped []task.Count // training pairs that filters have dropped, by filter
	Notes   []string     // warnings: skipped rows, unexpected files
}

// dataset is implemented by running text (textParts) and by tables (taskParts).
type dataset interface {
	train(batch, context int, seed uint64) (Batcher, error)
	evaluate(part, batch, context int) (Batcher, error)
	examples(part string) ([]task.Example, error)
	text(part, tokens int, tk tokenizer.Tokenizer) (string, error)
	hash(to hash.Hash)
	close() error
}

// Train returns the batches of the training part, with batch sequences of at most context tokens.
// Batch n depends on seed and n alone.
func (c *Corpus) Train(batch, context int, seed uint64) (Batcher, error) {
	if err := checkSizes(batch, context); err != nil {
		return nil, err
	}
	b, err := c.parts.train(batch, context, seed)
	return b, c.named(err)
}

// Valid returns the batches of the validation part: see Part.
func (c *Corpus) Valid(batch, context int) (Batcher, error) { return c.Part("valid", batch, context) }

// Part returns the batches of a part ("train", "valid" or "test") to measure a model on, the same in every
// call. Each target of the part that fits the context occurs exactly once; the last batch is padded.
func (c *Corpus) Part(part string, batch, context int) (Batcher, error) {
	if err := checkSizes(batch, context); err != nil {
		return nil, err
	}
	i, err := task.ParsePart(part)
	if err == nil && i == task.TestPart && c.Info.Test == 0 {
		err = errNoTest
	}
	if err != nil {
		return nil, c.named(err)
	}
	b, err := c.parts.evaluate(i, batch, context)
	return b, c.named(err)
}

// errNoTest says that a corpus has no test part.
var errNoTest = errors.New("it has no test part: one is held out by data.test, such as data.split = 0.8 and data.test = 0.1, before a run is trained")

// Examples returns the sources of a part ("train", "valid" or "test") of a table with their reference
// answers. Plain text has none and is an error.
func (c *Corpus) Examples(part string) ([]task.Example, error) {
	examples, err := c.parts.examples(part)
	return examples, c.named(err)
}

// Text returns the raw text of a part ("train", "valid" or "test"), of a table its answers line by
// line: the first tokens of it, or all if tokens is 0. Generated text is searched for copies of it.
func (c *Corpus) Text(part string, tokens int) (string, error) {
	i, err := task.ParsePart(part)
	if err != nil {
		return "", c.named(err)
	}
	text, err := c.parts.text(i, tokens, c.Tokenizer)
	return text, c.named(err)
}

// Tokens returns the number of tokens to predict in a part; 0 if there is no such part.
func (c *Corpus) Tokens(part string) int {
	return map[string]int{"train": c.Info.Train, "valid": c.Info.Valid, "test": c.Info.Test}[part]
}

// Format returns the format of the corpus's task.
func (c *Corpus) Format() (*task.Format, error) { return NewFormat(c.Config, c.Tokenizer) }

// Close unmaps the token file. Batchers of the corpus must not be used afterwards.
func (c *Corpus) Close() error { return c.parts.close() }

// Describe returns a summary of the corpus in a few lines.
func (c *Corpus) Describe() string {
	var b strings.Builder
	i := c.Info
	if i.Records != "" {
		fmt.Fprintf(&b, "corpus    %s: %s\n", i.Name, i.Records)
	} else {
		fmt.Fprintf(&b, "corpus    %s (%s)\n", i.Name, i.Source)
	}
	if i.Licence != "" {
		fmt.Fprintf(&b, "licence   %s\n", i.Licence)
	}
	fmt.Fprintf(&b, "tokenizer %s, %d ids\n", c.Tokenizer.Kind(), c.Tokenizer.Vocab())
	fmt.Fprintf(&b, "text      %d bytes: %d tokens to train on, %d to validate on", i.Bytes, i.Train, i.Valid)
	if i.Test > 0 {
		fmt.Fprintf(&b, ", %d to test on", i.Test)
	}
	b.WriteString("\n")
	for _, note := range i.Notes {
		fmt.Fprintf(&b, "note      %s\n", note)
	}
	return b.String()
}

// String returns the corpus in a line.
func (c *Corpus) String() string {
	return fmt.Sprintf("corpus %s: %d tokens to train on, %d to validate on; tokenizer %s, %d ids",
		c.Info.Name, c.Info.Train, c.Info.Valid, c.Tokenizer.Kind(), c.Tokenizer.Vocab())
}

// named adds the corpus's name to an error.
func (c *Corpus) named(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("corpus %s: %w", c.Info.Name, err)
}

// checkSizes rejects a batch without sequences or tokens.
func checkSizes(batch, context int) error {
	if batch < 1 || context < 1 {
		return fmt.Errorf("a batch of %d sequences of %d tokens: both must be at least 1", batch, context)
	}
	return nil
}
