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
	whole, index := filepath.Join(dir, gpt2Weights), filepath.Join(dir, "model"+indexSuffix)
	if name == "" {
		_, noWhole := os.Stat(whole)
		if _, err := os.Stat(index); noWhole != nil && err == nil {
			return index
		}
		return whole
	}
	if names, err := shardNames(index); err == nil && slices.Contains(names, name) && name != gpt2Weights {
		return index
	}
	return path
}

// shards are safetensors files that together have the weights of one model.
type shards struct {
	paths  []string
	shapes map[string][]int // of all tensors, by name
}

// openShards reads the headers of the file of weights at path, or, if it is the index of
// several, of all of these.
func openShards(path string) (s shards, err error) {
	s = shards{paths: []string{path}, shapes: map[string][]int{}}
	var index map[string]string
	if isShardIndex(path) {
		if index, err = readIndex(path); err != nil {
			return s, err
		}
		if s.paths, err = shardPaths(path, index); err != nil {
			return s, err
		}
	}
	for _, file := range s.paths {
		shapes, err := runfile.Shapes(file)
		if err != nil {
			return s, err
		}
		for name, shape := range shapes {
			if index != nil && index[name] != filepath.Base(file) {
				return s, fmt.Errorf("%s has a tensor %q, which %s expects in %q", file, name, filepath.Base(path), index[name])
			}
			s.shapes[name] = shape
		}
	}
	for _, name := range slices.Sorted(maps.Keys(index)) {
		if s.shapes[name] == nil {
			return s, fmt.Errorf("%s lacks the tensor %q, which %s expects there", index[name], name, filepath.Base(path))
		}
	}
	return s, nil
}

// load reads the tensors of all files.
func (s shards) load() (all []runfile.Tensor, err error) {
	for _, path := range s.paths {
		ts, _, err := runfile.LoadTensors(path)
		if err != nil {
			return nil, err
		}
		all = append(all, ts...)
	}
	return all, nil
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
