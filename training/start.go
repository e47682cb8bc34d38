package training

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"euryale/data/tokenizer"
	"euryale/internal/interchange"
	"euryale/internal/runfile"
	"euryale/layers/graph"
	"euryale/models"
)

// Start is what a new run begins with: weights, and the model and the tokenizer that come
// with them. The zero value is nothing: the run begins with its parameters' first values.
type Start struct {
	path   string           // the weights' file
	shapes map[string][]int // of the weights, by path
	saved  *Saved           // whose weights they are; nil: weights alone
}

// OpenStart opens what -init names: a run, or one of its files of weights; a model from
// elsewhere, with its tokenizer as interchange.Read takes it; or weights alone, in
// safetensors by the paths of a model here.
func OpenStart(path, tokenizer string) (*Start, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		if holds(path, "config.toml") {
			return startOfRun(path, bestWeights(path))
		}
		s, err := importedStart(path, tokenizer)
		if errors.Is(err, interchange.ErrFormat) {
			err = fmt.Errorf("%s is not a run, which has a config.toml: %w", path, err)
		}
		return s, err
	}
	dir := filepath.Dir(path)
	switch isWeights := filepath.Ext(path) == ".safetensors"; {
	case isWeights && holds(dir, "config.toml"):
		return startOfRun(dir, path)
	case isWeights && !holds(dir, "config.json"):
		shapes, err := runfile.Shapes(path)
		return &Start{path: path, shapes: shapes}, err
	}
	return importedStart(path, tokenizer)
}

func holds(dir, name string) bool {
	_, err := os.Stat(filepath.Join(dir, name))
	return err == nil
}

// startOfRun reads all of a run but the weights, of which it reads the shapes.
func startOfRun(dir, weights string) (*Start, error) {
	c, tk, err := openConfig(dir, nil)
	if err != nil {
		return nil, err
	}
	if _, isPredictor := c.Model.(models.Predictor); isPredictor {
		return nil, fmt.Errorf("%s is an %s model: it is made of counts, and has no weights to begin with", dir, c.ModelName)
	}
	shapes, err := runfile.Shapes(weights)
	if errors.Is(err, os.ErrNotExist) {
		return nil, errNoWeights(dir)
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
// of s where nothing else is said. A model of another name has its own usual settings.
func (s *Start) Parse(path string, sets []string) (Config, error) {
	t, err := readTree(path, sets)
	if err != nil {
		return Config{}, err
	}
	if s.saved == nil {
		return fromTree(t)
	}
	usual := tree{}
	if err := parseTree(s.saved.Config.String(), usual); err != nil {
		panic(err) // written by ourselves
	}
	sections := []string{"tokenizer"}
	if name, given := t["model"]["name"]; !given || name == s.saved.Config.ModelName {
		sections = append(sections, "model")
	}
	for _, section := range sections {
		maps.Copy(usual[section], t[section])
		t[section] = usual[section]
	}
	return fromTree(t)
}

// New begins a run as the function New does, with the weights of s. They must be just
// those of c's model: all that differs is named at once, and nothing is written.
func (s *Start) New(c Config, dir string, log io.Writer) (*Run, error) {
	return newRun(s, c, dir, log)
}

// tokenizer is the one that comes with the weights, or nil if c asks for another.
func (s *Start) tokenizer(c Config) tokenizer.Tokenizer {
	if s.saved == nil || c.Tokenizer != s.saved.Config.Tokenizer {
		return nil
	}
	return s.saved.Tokenizer
}

// check names all that differs between the weights and the parameters of m.
func (s *Start) check(m models.Model) error {
	if s.path == "" {
		return nil
	}
	return checkShapes(s.path, m, s.shapes)
}

// give copies the weights over those of a run, whose ids must mean what they meant.
func (s *Start) give(r *Run) error {
	if err := s.check(r.Config.Model); err != nil || s.path == "" {
		return err
	}
	if s.saved != nil && !sameIDs(s.saved.Tokenizer, r.Corpus.Tokenizer) {
		return fmt.Errorf("the tokenizer gives ids other meanings than that of %s: leave out -tokenizer, or tokenizer.kind, to go on with its own", s.path)
	}
	w, err := s.weights(r.Config.Model)
	if err != nil {
		return err
	}
	for _, p := range r.Weights.All() {
		copy(p.Float32(), w.Get(p.Path).Float32())
	}
	return nil
}

func (s *Start) weights(m models.Model) (*graph.Weights, error) {
	if s.saved != nil && s.saved.Weights != nil {
		return s.saved.Weights, nil
	}
	return LoadWeights(s.path, m)
}

// sameIDs says whether every id of a stands for the same bytes in b.
func sameIDs(a, b tokenizer.Tokenizer) bool {
	for id := range a.Vocab() {
		if !slices.Equal(a.Piece(id), b.Piece(id)) {
			return false
		}
	}
	return true
}
