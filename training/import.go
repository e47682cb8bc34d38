package training

import (
	"errors"
	"path/filepath"

	"euryale/data"
	"euryale/interchange"
	"euryale/training/rundir"
)

// Import converts a model that another program trained into a run in dir, which can
// generate text and which training can begin with. Format and tokenizer are as for
// interchange.Read. The configuration is the default except for the model, and names no
// corpus.
func Import(path, tokenizer, dir string) (*Saved, error) {
	hold, err := takeNew(dir)
	if err != nil {
		return nil, err
	}
	m, err := interchange.Read(path, tokenizer)
	if err != nil {
		return nil, errors.Join(err, hold.Abandon())
	}
	s := savedOf(m, filepath.Join(dir, rundir.Tokenizer))
	if s.Chat != nil {
		if err := s.Chat.Save(filepath.Join(dir, rundir.Chat)); err != nil {
			return nil, errors.Join(err, hold.Abandon())
		}
	}
	if err := writeRun(dir, s.Config, s.Tokenizer); err != nil {
		return nil, errors.Join(err, hold.Abandon())
	}
	err = rundir.SaveWeights(filepath.Join(dir, rundir.Weights), s.Weights, m.Name)
	return s, errors.Join(err, hold.Release())
}

// savedOf returns an imported model as that of a run without a corpus, with the default
// settings of training.
func savedOf(m *interchange.Imported, tokenizer string) *Saved {
	c := Default()
	c.Model, c.ModelName = m.Model, m.Name
	c.Data = data.Config{Task: "lm"}
	c.Tokenizer.Kind = tokenizer
	return &Saved{Config: c, Tokenizer: m.Tokenizer, Weights: m.Weights, Chat: m.Chat, Note: m.Note}
}

// Export writes the model of the run in dir into the directory out, for other programs:
// see interchange.Write for the layouts, and for the note of what was left out.
func Export(dir, out string) (note string, err error) {
	s, err := Open(dir, false)
	if err != nil {
		return "", err
	}
	return interchange.Write(out, &interchange.Imported{Name: s.Config.ModelName, Model: s.Config.Model, Weights: s.Weights, Tokenizer: s.Tokenizer, Chat: s.Chat})
}
