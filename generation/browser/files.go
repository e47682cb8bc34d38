package browser

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/BurntSushi/toml"

	"euryale/data/task"
	"euryale/data/tokenizer"
	"euryale/generation"
	"euryale/internal/runfile"
	"euryale/layers/graph"
	"euryale/models"
)

// The files that Write writes and Open reads.
const (
	DescriptionFile = "model.json"
	TokenizerFile   = "tokenizer.json"
	WeightsFile     = "weights.safetensors"
)

// Description is the content of model.json.
type Description struct {
	Name     string      `json:"name"`     // that the page shows
	Model    string      `json:"model"`    // in the registry of models
	Settings string      `json:"settings"` // of the model, in TOML
	Specials string      `json:"specials"` // tokenizer.specials of the run
	Task     task.Config `json:"task"`
	End      []int       `json:"end"`     // tokens that end a text
	Weights  string      `json:"weights"` // Float32 or Int8
	Files    []File      `json:"files"`   // to read before Open
}

// File is a file beside model.json, with its size in bytes.
type File struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
}

// What weights are stored as.
const (
	Float32 = "float32"
	Int8    = "int8" // matrices in eight bits, in groups that share a scale; vectors in float32
)

// Write writes the model of a generator to dir, an existing directory. Of d it takes Name, Model,
// Specials and Weights, and fills in the rest. A bidirectional model, which continues no text, is an error.
func Write(dir string, g *generation.Generator, d Description) error {
	if d.Weights != Float32 && d.Weights != Int8 {
		return fmt.Errorf("weights %q: want %s or %s", d.Weights, Float32, Int8)
	}
	if models.IsBidirectional(g.Model) {
		return fmt.Errorf("the model of %s restores masked tokens, and a page continues texts: take a causal model", d.Name)
	}
	settings, err := toml.Marshal(g.Model)
	if err != nil {
		return err
	}
	d.Settings, d.Task, d.End, d.Files = string(settings), g.Format.Config(), g.End, nil
	if err := g.Tokenizer.Save(filepath.Join(dir, TokenizerFile)); err != nil {
		return err
	}
	if err := writeWeights(filepath.Join(dir, WeightsFile), g, d); err != nil {
		return err
	}
	for _, name := range []string{TokenizerFile, WeightsFile} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		d.Files = append(d.Files, File{name, info.Size()})
	}
	return runfile.WriteAtomic(filepath.Join(dir, DescriptionFile), func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(d)
	})
}

func writeWeights(path string, g *generation.Generator, d Description) error {
	if p, ok := g.Model.(models.Predictor); ok {
		return p.Save(path)
	}
	var ts []runfile.Tensor
	for _, p := range g.Weights.All() {
		if d.Weights == Int8 && len(p.Shape) == 2 {
			ts = append(ts, quantized(p)...)
		} else {
			ts = append(ts, runfile.Tensor{Name: p.Path, Shape: p.Shape, Data: p.Float32()})
		}
	}
	return runfile.SaveTensors(path, ts, map[string]string{"format": "euryale-browser", "version": "1", "model": d.Model})
}

// Open reads the files that Write wrote to dir.
func Open(dir string) (*generation.Generator, Description, error) {
	var d Description
	at := filepath.Join(dir, DescriptionFile)
	text, err := os.ReadFile(at)
	if err == nil {
		err = json.Unmarshal(text, &d)
	}
	if err != nil {
		return nil, d, fmt.Errorf("%s: %w", at, err)
	}
	m, err := models.New(d.Model)
	if err != nil {
		return nil, d, fmt.Errorf("%s: %w", at, err)
	}
	if meta, err := toml.Decode(d.Settings, m); err != nil {
		return nil, d, fmt.Errorf("%s: settings: %w", at, err)
	} else if unknown := meta.Undecoded(); len(unknown) > 0 {
		return nil, d, fmt.Errorf("%s: settings: the model %s of this program has no %s: export the page again", at, d.Model, unknown[0])
	}
	tk, err := tokenizer.Load(filepath.Join(dir, TokenizerFile))
	if err != nil {
		return nil, d, err
	}
	if v := m.Common().Vocab; v != tk.Vocab() {
		return nil, d, fmt.Errorf("%s: the model has %d ids and the tokenizer %d: they are not of one run", at, v, tk.Vocab())
	}
	g, err := newGenerator(m, tokenizer.Config{Specials: d.Specials}.Apply(tk), d)
	if err != nil {
		return nil, d, fmt.Errorf("%s: %w", at, err)
	}
	return g, d, readWeights(filepath.Join(dir, WeightsFile), g)
}

func newGenerator(m models.Model, tk tokenizer.Tokenizer, d Description) (*generation.Generator, error) {
	f, err := task.NewFormat(d.Task, tk)
	if err != nil {
		return nil, err
	}
	f.Limit = m.Common().Context
	return &generation.Generator{Model: m, Tokenizer: tk, Format: f, End: d.End}, nil
}

// readWeights reads the weights of g's model from a file.
func readWeights(path string, g *generation.Generator) (err error) {
	if p, ok := g.Model.(models.Predictor); ok {
		g.Weights = graph.NewWeights(0)
		g.Model, err = p.Load(path)
		return err
	}
	params, err := models.Parameters(g.Model)
	if err != nil {
		return err
	}
	ts, _, err := runfile.MapTensors(path)
	if err != nil {
		return err
	}
	file := map[string]runfile.Tensor{}
	for _, t := range ts {
		file[t.Name] = t
	}
	g.Weights = graph.NewWeights(0)
	var wrong []string
	for _, p := range params {
		values, err := valuesOf(p, file)
		if err == nil {
			err = g.Weights.Add(p.Path, p.Shape, values)
		}
		if err != nil {
			wrong = append(wrong, err.Error())
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("%s does not hold this model's weights: %s", path, strings.Join(wrong, "; "))
	}
	g.Weights.Freeze()
	g.Weights.ReadOnly()
	return nil
}
