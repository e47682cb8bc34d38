package interchange

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"euryale/internal/runfile"
)

// indexSuffix is what the name of the index of sharded weights ends with.
const indexSuffix = ".safetensors.index.json"

func isShardIndex(path string) bool { return strings.HasSuffix(path, indexSuffix) }

// weightsIn returns the file of weights that path names: itself, or in a directory
// model.safetensors, or the index of its shards. One shard stands for all of them, if the
// index lists it.
func weightsIn(path string) string {
	dir, name := path, ""
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		dir, name = filepath.Split(path)
	}
	whole, index := filepath.Join(dir, weightsFile), filepath.Join(dir, "model"+indexSuffix)
	if name == "" {
		_, noWhole := os.Stat(whole)
		if _, err := os.Stat(index); noWhole != nil && err == nil {
			return index
		}
		return whole
	}
	if names, err := shardNames(index); err == nil && slices.Contains(names, name) && name != weightsFile {
		return index
	}
	return path
}

// shards are open safetensors files that together have the weights of one model.
type shards struct {
	files   []*runfile.TensorFile
	tensors source
}

// openShards opens the file of weights at path, or, if it is the index of several, all of these.
func openShards(path string) (s *shards, err error) {
	paths := []string{path}
	var index map[string]string
	if isShardIndex(path) {
		if index, err = readIndex(path); err != nil {
			return nil, err
		}
		if paths, err = shardPaths(path, index); err != nil {
			return nil, err
		}
	}
	s = &shards{tensors: source{}}
	for _, file := range paths {
		if err := s.open(file, path, index); err != nil {
			s.close()
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(index)) {
		if s.tensors[name].read == nil {
			s.close()
			return nil, fmt.Errorf("%s lacks the tensor %q, which %s expects there", index[name], name, filepath.Base(path))
		}
	}
	return s, nil
}

// open adds the tensors of a file. Each must be where the index, if there is one, expects it.
func (s *shards) open(file, path string, index map[string]string) error {
	f, err := runfile.OpenTensors(file)
	if err != nil {
		return err
	}
	s.files = append(s.files, f)
	for _, t := range f.Infos() {
		if index != nil && index[t.Name] != filepath.Base(file) {
			return fmt.Errorf("%s has a tensor %q, which %s expects in %q", file, t.Name, filepath.Base(path), index[t.Name])
		}
		s.tensors[t.Name] = tensor{t.Shape, t.DType, func() ([]float32, error) {
			data, err := f.Read(t.Name)
			v, _ := data.Data.([]float32)
			return v, err
		}}
	}
	return nil
}

// close closes the files.
func (s *shards) close() {
	for _, f := range s.files {
		f.Close()
	}
}

// readIndex returns the file of each tensor, as an index has them.
func readIndex(path string) (map[string]string, error) {
	var index struct {
		WeightMap map[string]string `json:"weight_map"`
	}
	if err := readJSON(path, &index); err != nil {
		return nil, err
	}
	if len(index.WeightMap) == 0 {
		return nil, fmt.Errorf("%s: weight_map, which names the file of each tensor, is empty or missing", path)
	}
	return index.WeightMap, nil
}

// shardNames returns the names of the files in the index at path, each once, sorted.
func shardNames(path string) ([]string, error) {
	index, err := readIndex(path)
	if err != nil {
		return nil, err
	}
	return slices.Compact(slices.Sorted(maps.Values(index))), nil
}

// shardPaths returns the paths of the files in an index, which lie beside it.
func shardPaths(path string, index map[string]string) (paths []string, err error) {
	for _, name := range slices.Compact(slices.Sorted(maps.Values(index))) {
		if filepath.Base(name) != name || !filepath.IsLocal(name) {
			return nil, fmt.Errorf("%s names the file %q, want a name without a directory", path, name)
		}
		paths = append(paths, filepath.Join(filepath.Dir(path), name))
	}
	return paths, nil
}
