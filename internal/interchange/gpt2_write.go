package interchange

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"euryale/internal/runfile"
	"euryale/models"
)

// Write writes m into the directory dir, as Hugging Face's transformers saves a GPT-2:
// model.safetensors and config.json. Of the models only gpt has this layout. The
// tokenizer is written beside them in this project's own format, as tokenizer.json.
func Write(dir string, m *Imported) error {
	g, ok := m.Model.(*models.GPT)
	if !ok {
		return fmt.Errorf("export: there is no layout for the model %q, only for gpt", m.Name)
	}
	c, err := gpt2ConfigOf(g)
	if err != nil {
		return err
	}
	ts, err := gpt2Layout(g, m)
	if err != nil {
		return err
	}
	raw, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	if err := runfile.SaveTensors(filepath.Join(dir, gpt2Weights), ts, map[string]string{"format": "pt"}); err != nil {
		return err
	}
	if err := m.Tokenizer.Save(filepath.Join(dir, "tokenizer.json")); err != nil {
		return err
	}
	return runfile.WriteAtomic(filepath.Join(dir, "config.json"), func(w io.Writer) error {
		_, err := w.Write(append(raw, '\n'))
		return err
	})
}

func gpt2ConfigOf(g *models.GPT) (gpt2Config, error) {
	c := gpt2Config{ModelType: "gpt2", Arch: []string{"GPT2LMHeadModel"}, Vocab: g.Vocab, Context: g.Context, Dim: g.Dim,
		Layers: g.Layers, Heads: g.Heads, Epsilon: gpt2Epsilon, Tied: &g.Tied}
	if g.Hidden > 0 {
		c.Inner = &g.Hidden
	}
	for _, name := range []string{"gelu_new", "gelu", "relu", "silu", "tanh"} {
		if gpt2Activations[name] == string(g.Activation) {
			c.Activation = name
			return c, nil
		}
	}
	return c, fmt.Errorf("export: GPT-2's layout has no name for the activation %q", g.Activation)
}

// gpt2Layout gives the weights transformers' names. Biases that the model lacks are
// zeros, since GPT-2 has them all; but its head cannot have one.
func gpt2Layout(g *models.GPT, m *Imported) ([]runfile.Tensor, error) {
	full := *g
	full.Bias = true
	params, err := models.Parameters(&full)
	if err != nil {
		return nil, err
	}
	var ts []runfile.Tensor
	for _, p := range params {
		v := make([]float32, p.Size())
		if have := m.Weights.Get(p.Path); have != nil {
			v = have.Float32()
		}
		switch p.Path {
		case "head/b":
			for _, b := range v {
				if b != 0 {
					return nil, fmt.Errorf("export: the head has a bias, which GPT-2's layout has no place for: train with model.tied or without model.bias")
				}
			}
			continue
		case "head/W":
			turned := make([]float32, len(v))
			transpose(turned, g.Dim, 0, v, g.Dim, g.Vocab)
			ts = append(ts, runfile.Tensor{Name: "lm_head.weight", Shape: []int{g.Vocab, g.Dim}, Data: turned})
			continue
		}
		ts = append(ts, runfile.Tensor{Name: "transformer." + gpt2Name(p.Path), Shape: p.Shape, Data: v})
	}
	return ts, nil
}
