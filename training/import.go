package training

import (
	"fmt"
	"os"
	"path/filepath"

	"euryale/internal/interchange"
)

// Import lays a model that another program trained down as a run in dir, from which texts
// can be generated, and which training can begin with. Format and tokenizer are as for
// interchange.Read; the configuration is the default one for all but the model.
func Import(path, tokenizer, dir string) (*Saved, error) {
	if _, err := os.Stat(filepath.Join(dir, "config.toml")); err == nil {
		return nil, fmt.Errorf("%s holds a run already: choose another -out", dir)
	}
	m, err := interchange.Read(path, tokenizer)
	if err != nil {
		return nil, err
	}
	c := Default()
	c.Model, c.ModelName = m.Model, m.Name
	c.Tokenizer.Kind = filepath.Join(dir, "tokenizer.json")
	if err := lay(dir, c, m.Tokenizer); err != nil {
		return nil, err
	}
	return &Saved{Config: c, Tokenizer: m.Tokenizer, Weights: m.Weights}, SaveWeights(filepath.Join(dir, "weights.safetensors"), m.Weights, m.Name)
}

// Export writes the model of the run in dir for other programs into the directory out:
// see interchange.Write for the layouts.
func Export(dir, out string) error {
	s, err := Open(dir, false)
	if err != nil {
		return err
	}
	return interchange.Write(out, &interchange.Imported{Name: s.Config.ModelName, Model: s.Config.Model, Weights: s.Weights, Tokenizer: s.Tokenizer})
}
