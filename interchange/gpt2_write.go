package interchange

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"euryale/data/tokenizer"
	"euryale/internal/runfile"
	"euryale/models"
)

// Write writes m into the directory dir, as Hugging Face's transformers saves a GPT-2:
// model.safetensors, config.json, vocab.json and merges.txt. The model must be a gpt. Only a
// byte-level BPE tokenizer has this format: any other is left out, and note says so in a line. It
// is an error if dir is not empty.
func Write(dir string, m *Imported) (note string, err error) {
	g, ok := m.Model.(*models.GPT)
	if !ok {
		return "", fmt.Errorf("export: the model %q cannot be exported, only gpt", m.Name)
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return "", fmt.Errorf("export: %s is not empty: choose another directory", dir)
	}
	c, err := gpt2ConfigOf(g)
	if err != nil {
		return "", err
	}
	ts, err := gpt2Layout(g, m)
	if err != nil {
		return "", err
	}
	config, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return "", err
	}
	files, note := gpt2Tokenizer(m.Tokenizer)
	files["config.json"] = append(config, '\n')
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", err
	}
	if err := runfile.SaveTensors(filepath.Join(dir, gpt2Weights), ts, map[string]string{"format": "pt"}); err != nil {
		return "", err
	}
	for name, text := range files {
		err := runfile.WriteAtomic(filepath.Join(dir, name), func(w io.Writer) error {
			_, err := w.Write(text)
			return err
		})
		if err != nil {
			return "", err
		}
	}
	return note, nil
}

// gpt2Tokenizer returns the tokenizer's files by name, or a note why there are none.
func gpt2Tokenizer(tk tokenizer.Tokenizer) (files map[string][]byte, note string) {
	vocab, merges, err := tokenizer.GPT2Files(tk)
	if err != nil {
		return map[string][]byte{}, fmt.Sprintf("the tokenizer is left out, which GPT-2's files cannot express: %v", err)
	}
	return map[string][]byte{"vocab.json": vocab, "merges.txt": merges}, ""
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
	return c, fmt.Errorf("export: GPT-2's configuration has no name for the activation %q", g.Activation)
}

// gpt2Layout returns the weights with their names in transformers. Biases that the model does not
// have are zeros. A head with a bias is an error, since GPT-2 has none.
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
					return nil, fmt.Errorf("export: the head has a bias, but GPT-2's has none: train with model.tied or without model.bias")
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
