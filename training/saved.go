package training

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"euryale/data/tokenizer"
	"euryale/interchange"
	"euryale/internal/ranks"
	"euryale/internal/runfile"
	"euryale/layers/graph"
	"euryale/models"
	"euryale/training/rundir"
)

// Saved is a run's model, read from its files.
type Saved struct {
	Dir       string // of the run; empty if it has none
	Config    Config // its model has learned, if it is a models.Predictor
	Tokenizer tokenizer.Tokenizer
	Weights   *graph.Weights            // none of a models.Predictor
	Chat      *interchange.ChatTemplate // of an imported model; nil: it has none
	Note      string                    // what Import left out, in a line; empty: nothing
	Ensemble  []*Saved                  // runs whose probabilities are averaged with this one's when texts are generated
	Ranks     ranks.Group               // that share the shards of an evaluation; nil: this process alone
}

// Open reads the model of the run in dir: its best weights, or its last ones if last is set
// or there are no best ones.
func Open(dir string, last bool) (*Saved, error) {
	c, tk, err := openConfig(dir, nil)
	if err != nil {
		return nil, err
	}
	name := rundir.BestWeights(dir)
	if last {
		name = filepath.Join(dir, rundir.Weights)
	}
	s := &Saved{Dir: dir, Config: c, Tokenizer: tk}
	if s.Chat, err = OpenChat(dir); err != nil {
		return nil, err
	}
	if p, ok := c.Model.(models.Predictor); ok {
		s.Weights = graph.NewWeights(0)
		s.Config.Model, err = p.Load(name)
	} else {
		s.Weights, err = loadWeights(name, c.Model)
	}
	if errors.Is(err, os.ErrNotExist) {
		return nil, noWeightsError(dir)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Newest returns the run in dir whose weights changed last. It skips runs without weights.
func Newest(dir string) (string, error) { return rundir.Newest(dir) }

// openConfig reads the configuration and the tokenizer of a run.
func openConfig(dir string, sets []string) (Config, tokenizer.Tokenizer, error) {
	c, err := Parse(filepath.Join(dir, rundir.Config), sets)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			err = notRunError(dir)
		}
		return c, nil, err
	}
	if err := c.Check(); err != nil {
		return c, nil, fmt.Errorf("%s: %w", dir, err)
	}
	tk, err := tokenizer.Load(filepath.Join(dir, rundir.Tokenizer))
	if err != nil {
		return c, nil, err
	}
	if v := c.Model.Common().Vocab; v != tk.Vocab() {
		return c, nil, fmt.Errorf("%s: config.toml has model.vocab = %d, tokenizer.json has %d ids: they are not of one run", dir, v, tk.Vocab())
	}
	return c, c.Tokenizer.Apply(tk), nil
}

// OpenChat reads the chat template of the run in dir; nil: its model has none.
func OpenChat(dir string) (*interchange.ChatTemplate, error) {
	return interchange.OpenChat(filepath.Join(dir, rundir.Chat))
}

// writeRun writes a run's tokenizer and configuration.
func writeRun(dir string, c Config, tk tokenizer.Tokenizer) error {
	return rundir.Write(dir, c.String(), tk)
}

// loadWeights reads weights that must be exactly those of the model.
func loadWeights(path string, m models.Model) (*graph.Weights, error) {
	params, err := models.Parameters(m)
	if err != nil {
		return nil, err
	}
	return loadParameters(path, params)
}

// loadParameters reads weights that must be exactly these parameters.
func loadParameters(path string, params []*graph.Param) (*graph.Weights, error) {
	shapes, err := runfile.Shapes(path)
	if err != nil {
		return nil, err
	}
	if err := rundir.CheckShapes(path, params, shapes); err != nil {
		return nil, err
	}
	if err := checkMemory(fmt.Sprintf("the model of %s", path), 4*countValues(params), "use a machine with more"); err != nil {
		return nil, err
	}
	return rundir.LoadWeights(path, params)
}

func notRunError(dir string) error {
	return fmt.Errorf("%s is not a run: it has no %s", dir, rundir.Config)
}

func noWeightsError(dir string) error {
	return fmt.Errorf("%s has no weights yet: wait for its first evaluation, or continue it with -resume", dir)
}
