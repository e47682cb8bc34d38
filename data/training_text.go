package data

import (
	"io"
	"strings"

	"euryale/data/textfile"
)

// TrainingText reads the text of a training part, and knows the file of each of its bytes.
type TrainingText struct {
	io.Reader
	source *textfile.Reader // nil: the text was decoded from tokens
	name   string           // of the corpus
}

// TrainingText returns a reader of the training part: of running text from its files, in bounded memory, else as
// Text returns it. The caller closes it.
func (c *Corpus) TrainingText() (*TrainingText, error) {
	if p, ok := c.parts.(*textParts); ok && p.trained > 0 {
		r := p.source.Reader()
		return &TrainingText{io.LimitReader(r, p.trained), r, c.Info.Name}, nil
	}
	text, err := c.Text("train", 0)
	return &TrainingText{strings.NewReader(text), nil, c.Info.Name}, err
}

// At returns the file that has an offset of the text that was read, and the offset in that file. Text that is
// not read from files, such as that with canaries, has the name of the corpus.
func (t *TrainingText) At(offset int64) (file string, at int64) {
	if t.source == nil {
		return t.name, offset
	}
	if file, at = t.source.At(offset); file == (textfile.Source{}).Name() {
		file = t.name
	}
	return file, at
}

// Close closes the file that is read.
func (t *TrainingText) Close() error {
	if t.source == nil {
		return nil
	}
	return t.source.Close()
}
