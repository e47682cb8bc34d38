package training

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"euryale/data/tokenizer"
	"euryale/interchange"
	"euryale/internal/ranks"
	"euryale/internal/runfile"
	"euryale/layers/graph"
	"euryale/models"
	"euryale/training/rundir"
)

// Start is what a new run begins with: weights, and the model and the tokenizer that come
// with them. The zero value has none: the run begins with its parameters' initial values.
type Start struct {
	// Ranks train the run together, if it is not nil. All of them call the same methods with the
	// same arguments. Rank 0 writes the run's files.
	Ranks ranks.Group

	path   string           // the weights' file
	shapes map[string][]int // of the weights, by path
	saved  *Saved           // whose weights they are; nil: weights alone
}

// OpenStart opens what -init names: a run, or one of its files of weights; a model of
// another program, with its tokenizer as interchange.Read takes it; or weights alone, in
// safetensors, named by the paths of a model of this one.
func OpenStart(path, tokenizer string) (*Start, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		if rundir.Holds(path, rundir.Config) {
			return startOfRun(path, rundir.BestWeights(path))
		}
		s, err := importedStart(path, tokenizer)
		if errors.Is(err, interchange.ErrFormat) {
			err = fmt.Errorf("%s is not a run, which has a config.toml: %w", path, err)
		}
		return s, err
	}
	dir := filepath.Dir(path)
	switch isWeights := filepath.Ext(path) == ".safetensors"; {
	case isWeights && rundir.Holds(dir, rundir.Config):
		return startOfRun(dir, path)
	case isWeights && !rundir.Holds(dir, "config.json"):
		shapes, err := runfile.Shapes(path)
		return &Start{path: path, shapes: shapes}, err
	}
	return importedStart(path, tokenizer)
}

// startOfRun reads a run, and only the shapes of its weights.
func startOfRun(dir, weights string) (*Start, error) {
	c, tk, err := openConfig(dir, nil)
	if err != nil {
		return nil, err
	}
	if _, isPredictor := c.Model.(models.Predictor); isPredictor {
		return nil, fmt.Errorf("%s is an %s model: it consists of counts, and has no weights to begin with", dir, c.ModelName)
	}
	shapes, err := runfile.Shapes(weights)
	if errors.Is(err, os.ErrNotExist) {
		return nil, noWeightsError(dir)
	}
	return &Start{path: weights, shapes: shapes, saved: &Saved{Config: c, Tokenizer: tk}}, err
}

func importedStart(path, tokenizer string) (*Start, error) {
	m, err := interchange.Read(path, tokenizer)
	if err != nil {
		return nil, err
	}
	shapes := map[string][]int{}
	for _, p := range m.Weights.All() {
		shapes[p.Path] = p.Shape
	}
	return &Start{path: path, shapes: shapes, saved: savedOf(m, cmp.Or(tokenizer, path))}, nil
}

// Parse reads a configuration as the function Parse does, with the model and the tokenizer
// of s as defaults. A model of another name has its own defaults.
func (s *Start) Parse(path string, sets []string) (Config, error) {
	t, err := readTree(path, sets)
	if err != nil {
		return Config{}, err
	}
	if s.saved == nil {
		return fromTree(t)
	}
	defaults := newTree()
	if err := defaults.parse(s.path, s.saved.Config.String()); err != nil {
		return Config{}, err
	}
	sections := []string{"tokenizer"}
	if name, given := t.tables["model"]["name"]; !given || name == s.saved.Config.ModelName {
		sections = append(sections, "model")
	}
	for _, section := range sections {
		maps.Copy(defaults.tables[section], t.tables[section])
		t.tables[section] = defaults.tables[section]
	}
	return fromTree(t)
}

// tokenizer returns the one that comes with the weights, or nil if c asks for another.
func (s *Start) tokenizer(c Config) tokenizer.Tokenizer {
	if s.saved == nil {
		return nil
	}
	its := s.saved.Config.Tokenizer
	if c.Tokenizer.Kind != its.Kind || c.Tokenizer.Vocab != its.Vocab {
		return nil
	}
	return s.saved.Tokenizer
}

// check names all that differs between the weights and the parameters of m, whose vocabulary may
// be larger: see grow.
func (s *Start) check(m models.Model) error {
	if s.path == "" {
		return nil
	}
	params, err := s.parameters(m)
	if err != nil {
		return err
	}
	return rundir.CheckShapes(s.path, params, s.shapes)
}

// fits checks that the weights are those of m, and that the tokenizer gives ids the meaning
// that they had.
func (s *Start) fits(m models.Model, tk tokenizer.Tokenizer) error {
	if err := s.check(m); err != nil || s.path == "" {
		return err
	}
	if s.saved != nil && !sameIDs(s.saved.Tokenizer, tk) {
		return fmt.Errorf("the tokenizer gives ids other meanings than that of %s: leave out -tokenizer, or tokenizer.kind, to keep its own", s.path)
	}
	return nil
}

// copyTo copies the weights over those of a run of m. Where the vocabulary is larger, they grow:
// seed is that of the noise of new rows.
func (s *Start) copyTo(to *graph.Weights, m models.Model, tk tokenizer.Tokenizer, seed uint64) error {
	if err := s.fits(m, tk); err != nil || s.path == "" {
		return err
	}
	w, err := s.weights(m)
	if err != nil {
		return err
	}
	return growAll(to, w, seed)
}

func (s *Start) weights(m models.Model) (*graph.Weights, error) {
	if s.saved != nil && s.saved.Weights != nil {
		return s.saved.Weights, nil
	}
	params, err := s.parameters(m)
	if err != nil {
		return nil, err
	}
	return loadParameters(s.path, params)
}

// sameIDs reports whether every id of a stands for the same bytes in b.
func sameIDs(a, b tokenizer.Tokenizer) bool {
	for id := range a.Vocab() {
		if !slices.Equal(a.Piece(id), b.Piece(id)) {
			return false
		}
	}
	return true
}

// group returns the ranks of the run.
func (s *Start) group() ranks.Group {
	if s.Ranks == nil {
		return ranks.Alone{}
	}
	return s.Ranks
}
