package training

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"euryale/internal/interchange"
	"euryale/internal/runfile"
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
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	if err := m.Tokenizer.Save(filepath.Join(dir, "tokenizer.json")); err != nil {
		return nil, err
	}
	if err := SaveWeights(filepath.Join(dir, "weights.safetensors"), m.Weights, m.Name); err != nil {
		return nil, err
	}
	err = runfile.WriteAtomic(filepath.Join(dir, "config.toml"), func(w io.Writer) error {
		_, err := io.WriteString(w, c.String())
		return err
	})
	return &Saved{c, m.Tokenizer, m.Weights}, err
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
