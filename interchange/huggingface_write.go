package interchange

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"euryale/data/tokenizer"
	"euryale/internal/runfile"
	"euryale/models"
)

// Write writes m into the directory dir, as Hugging Face's transformers saves a GPT-2 or a Llama:
// model.safetensors in float32, config.json, generation_config.json, tokenizer.json with
// tokenizer_config.json, and for a GPT-2 vocab.json and merges.txt if they can express the
// tokenizer. The model must be a gpt or a llama. A tokenizer that these files cannot express is
// left out, and note says so in a line. It is an error if dir is not empty; after an error
// nothing is left in it.
func Write(dir string, m *Imported) (note string, err error) {
	c, err := hfConfigOf(m.Model)
	if err != nil {
		return "", fmt.Errorf("export: %w", err)
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return "", fmt.Errorf("export: %s is not empty: choose another directory", dir)
	}
	ts, err := hfWeights(c, m)
	if err != nil {
		return "", fmt.Errorf("export: %w", err)
	}
	files, note, err := hfFiles(c, m)
	if err != nil {
		return "", fmt.Errorf("export: %w", err)
	}
	_, missing := os.Stat(dir)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", err
	}
	if err := writeFiles(dir, files, ts); err != nil {
		if missing != nil {
			err = errors.Join(err, os.Remove(dir))
		}
		return "", err
	}
	return note, nil
}

// writeFiles writes the weights and the files, config.json last: without it the directory is not
// taken for a model. After an error it removes what it has written.
func writeFiles(dir string, files map[string][]byte, ts []runfile.Tensor) (err error) {
	var written []string
	defer func() {
		if err == nil {
			return
		}
		for _, path := range written {
			err = errors.Join(err, os.Remove(path))
		}
	}()
	path := filepath.Join(dir, weightsFile)
	if err := runfile.SaveTensors(path, ts, map[string]string{"format": "pt"}); err != nil {
		return err
	}
	written = append(written, path)
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(files)), func(name string) bool { return name == configFile })
	for _, name := range append(names, configFile) {
		path := filepath.Join(dir, name)
		err := runfile.WriteAtomic(path, func(w io.Writer) error {
			_, err := w.Write(files[name])
			return err
		})
		if err != nil {
			return err
		}
		written = append(written, path)
	}
	return nil
}

// hfConfigOf returns the configuration of a model for transformers.
func hfConfigOf(m models.Model) (hfConfig, error) {
	switch m := m.(type) {
	case *models.GPT:
		return gpt2ConfigOf(m)
	case *models.Llama:
		return llamaConfigOf(m), nil
	}
	return nil, errors.New("only gpt and llama can be exported")
}

// hfWeights returns the weights with their names in transformers. Biases and MLPs that the model does not
// have are zeros. A head with a bias is an error, since the models of transformers have none.
func hfWeights(c hfConfig, m *Imported) ([]runfile.Tensor, error) {
	full := c.model()
	setTied(full, !c.untied())
	params, err := models.Parameters(full)
	if err != nil {
		return nil, err
	}
	l, names := layoutOf(full, params), c.names()
	var ts []runfile.Tensor
	for _, p := range params {
		v := make([]float32, p.Size())
		if have := m.Weights.Get(p.Path); have != nil {
			v = have.Float32()
		}
		data, err := l.tensors(p, v)
		if err != nil {
			return nil, fmt.Errorf("%s of transformers: %w: train with model.tied or without model.bias", names.title, err)
		}
		for i, part := range l(p.Path) {
			name := part.name
			if name != names.head {
				name = names.prefix + name
			}
			ts = append(ts, runfile.Tensor{Name: name, Shape: part.shape, Data: data[i]})
		}
	}
	return ts, nil
}

// hfFiles returns the files beside the weights by name, and a note if the tokenizer is not among
// them.
func hfFiles(c hfConfig, m *Imported) (files map[string][]byte, note string, err error) {
	contents, note := hfTokenizer(m)
	begin, end := tokenizer.BeginEnd(m.Tokenizer)
	if begin >= 0 {
		c.common().Begin = begin
	}
	if end >= 0 {
		c.common().End = end
	}
	contents[configFile] = c
	contents["generation_config.json"] = map[string]any{"_from_model_config": true, "bos_token_id": c.common().Begin, "eos_token_id": c.common().End}
	files = map[string][]byte{}
	for name, content := range contents {
		if raw, ready := content.([]byte); ready {
			files[name] = raw
			continue
		}
		text, err := json.MarshalIndent(content, "", "  ")
		if err != nil {
			return nil, "", err
		}
		files[name] = append(text, '\n')
	}
	return files, note, nil
}
