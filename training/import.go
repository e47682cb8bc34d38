package training

import (
	"fmt"
	"path/filepath"

	"euryale/data"
	"euryale/internal/interchange"
)

// Import lays a model that another program trained down as a run in dir, from which texts
// can be generated, and which training can begin with. Format and tokenizer are as for
// interchange.Read; the configuration is the default one for all but the model, and names
// no corpus.
func Import(path, tokenizer, dir string) (*Saved, error) {
	if holds(dir, "config.toml") {
		return nil, fmt.Errorf("%s holds a run already: choose another -out", dir)
	}
	m, err := interchange.Read(path, tokenizer)
	if err != nil {
		return nil, err
	}
	s := savedOf(m, filepath.Join(dir, "tokenizer.json"))
	if err := lay(dir, s.Config, s.Tokenizer); err != nil {
		return nil, err
	}
	return s, SaveWeights(filepath.Join(dir, "weights.safetensors"), s.Weights, m.Name)
}

// savedOf is an imported model as a run would have it: of no corpus, and with the default
// settings of training.
func savedOf(m *interchange.Imported, tokenizer string) *Saved {
	c := Default()
	c.Model, c.ModelName = m.Model, m.Name
	c.Data = data.Config{Task: "lm"}
	c.Tokenizer.Kind = tokenizer
	return &Saved{Config: c, Tokenizer: m.Tokenizer, Weights: m.Weights}
}

// Export writes the model of the run in dir for other programs into the directory out:
// see interchange.Write for the layouts, and for the note of what was left out.
func Export(dir, out string) (note string, err error) {
	s, err := Open(dir, false)
	if err != nil {
		return "", err
	}
	return interchange.Write(out, &interchange.Imported{Name: s.Config.ModelName, Model: s.Config.Model, Weights: s.Weights, Tokenizer: s.Tokenizer})
}
