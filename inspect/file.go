package inspect

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"euryale/internal/near"
	"euryale/internal/runfile"
)

// Names of what files hold beside taps.
const (
	tokensName       = "tokens"
	textName         = "text"
	sourceTokensName = "source_tokens"
	sourceTextName   = "source_text"
)

// CheckFile returns an error if Save cannot write a file of that name.
func CheckFile(path string) error {
	switch filepath.Ext(path) {
	case ".npz", ".safetensors":
		return nil
	}
	return fmt.Errorf("%s: want a name that ends in .npz or .safetensors", path)
}

// Save writes the values to a file, one array for each tap under its name: a .npz, which numpy.load
// reads, or a .safetensors. The ids of the tokens are in "tokens" and "source_tokens", their texts in
// "text" and "source_text": arrays of text in a .npz, and in the metadata of a .safetensors, as JSON.
func (v *Values) Save(path string) error {
	if err := CheckFile(path); err != nil {
		return err
	}
	if filepath.Ext(path) == ".npz" {
		return v.saveNPZ(path)
	}
	meta := map[string]string{}
	tensors := []runfile.Tensor{{Name: tokensName, Shape: []int{len(v.Tokens)}, Data: int64s(v.Tokens)}}
	texts := map[string][]string{textName: v.Text}
	if len(v.SourceTokens) > 0 {
		tensors = append(tensors, runfile.Tensor{Name: sourceTokensName, Shape: []int{len(v.SourceTokens)}, Data: int64s(v.SourceTokens)})
		texts[sourceTextName] = v.Source
	}
	for name, text := range texts {
		b, err := json.Marshal(text)
		if err != nil {
			return err
		}
		meta[name] = string(b)
	}
	for _, name := range v.Names {
		a := v.Arrays[name]
		tensors = append(tensors, runfile.Tensor{Name: name, Shape: a.Shape, Data: a.Data})
	}
	return runfile.SaveTensors(path, tensors, meta)
}

func int64s(ids []int) []int64 {
	out := make([]int64, len(ids))
	for i, id := range ids {
		out[i] = int64(id)
	}
	return out
}

// readTable returns the array of a file for a tap: FILE#NAME is the array called NAME, FILE the one
// with the name of the tap, or the only one. Files are .npz, .npy and .safetensors.
func readTable(file, tap string) (*Array, error) {
	file, name, named := strings.Cut(file, "#")
	var arrays map[string]*Array
	var err error
	switch filepath.Ext(file) {
	case ".npz":
		arrays, err = readNPZ(file)
	case ".npy":
		arrays, err = readNPYFile(file)
	case ".safetensors":
		arrays, err = readSafetensors(file)
	default:
		return nil, fmt.Errorf("the value %q is no number, %q, %q or file that ends in .npz, .npy or .safetensors", file, Mean, Patch)
	}
	if err != nil {
		return nil, err
	}
	var names []string
	for n := range arrays {
		names = append(names, n)
	}
	slices.Sort(names)
	switch {
	case named && arrays[name] == nil:
		return nil, fmt.Errorf("%s has no array of numbers called %q; near it: %q", file, name, near.Names(name, names, 5))
	case named:
		return arrays[name], nil
	case arrays[tap] != nil:
		return arrays[tap], nil
	case len(names) == 1:
		return arrays[names[0]], nil
	}
	return nil, fmt.Errorf("%s has no array called %q: choose one of its %d with %s#NAME; near it: %q", file, tap, len(names), file, near.Names(tap, names, 5))
}

func readSafetensors(path string) (map[string]*Array, error) {
	tensors, _, err := runfile.LoadTensors(path)
	if err != nil {
		return nil, err
	}
	arrays := map[string]*Array{}
	for _, t := range tensors {
		a := &Array{Name: t.Name, Shape: t.Shape}
		switch d := t.Data.(type) {
		case []float32:
			a.Data = d
		case []float64:
			for _, x := range d {
				a.Data = append(a.Data, float32(x))
			}
		default:
			continue
		}
		arrays[t.Name] = a
	}
	return arrays, nil
}
