package ngram

import (
	"fmt"
	"slices"
	"strconv"

	"euryale/internal/runfile"
)

// formatVersion is the version in a file's metadata.
const formatVersion = "1"

// Save writes the model as safetensors: for each n the sorted n-grams, "grams/n" (rows, n),
// and their counts, "counts/n" (rows). The id that follows the vocabulary is the start
// mark. Load computes everything else from these.
func (m *Model) Save(path string) error {
	var ts []runfile.Tensor
	for _, l := range m.levels {
		ts = append(ts,
			runfile.Tensor{Name: fmt.Sprintf("grams/%d", l.n), Shape: []int{len(l.counts), l.n}, Data: l.grams},
			runfile.Tensor{Name: fmt.Sprintf("counts/%d", l.n), Shape: []int{len(l.counts)}, Data: l.counts})
	}
	return runfile.SaveTensors(path, ts, map[string]string{"format": "euryale-ngram", "version": formatVersion,
		"model": "ngram", "vocab": strconv.Itoa(m.vocab), "order": strconv.Itoa(len(m.levels))})
}

// Load reads a file that Save has written, and checks its contents.
func Load(path string) (*Model, error) {
	ts, meta, err := runfile.LoadTensors(path)
	if err != nil {
		return nil, err
	}
	m, err := read(ts, meta)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return m, nil
}

func read(ts []runfile.Tensor, meta map[string]string) (*Model, error) {
	if meta["format"] != "euryale-ngram" || meta["version"] != formatVersion {
		return nil, fmt.Errorf("it is not an n-gram model (format %q, version %q)", meta["format"], meta["version"])
	}
	vocab, err := strconv.Atoi(meta["vocab"])
	if err != nil || vocab < 1 {
		return nil, fmt.Errorf("vocab is %q, want at least 1", meta["vocab"])
	}
	order, err := strconv.Atoi(meta["order"])
	if err != nil || order < 1 || len(ts) != 2*order {
		return nil, fmt.Errorf("order is %q with %d tensors, want at least 1, and two tensors for each order", meta["order"], len(ts))
	}
	file := map[string]runfile.Tensor{}
	for _, t := range ts {
		file[t.Name] = t
	}
	levels := make([]level, order)
	for i := range levels {
		n := i + 1
		grams, counts := file[fmt.Sprintf("grams/%d", n)], file[fmt.Sprintf("counts/%d", n)]
		levels[i] = level{n: n}
		levels[i].grams, _ = grams.Data.([]int32)
		levels[i].counts, _ = counts.Data.([]int32)
		if err := levels[i].check(vocab); err != nil {
			return nil, fmt.Errorf("%d-grams: %w", n, err)
		}
	}
	return newModel(vocab, levels), nil
}

// check returns an error if the rows cannot be counts of a text.
func (l *level) check(vocab int) error {
	if len(l.counts) == 0 || len(l.grams) != l.n*len(l.counts) {
		return fmt.Errorf("%d ids and %d counts in int32, want %d ids for each count, and at least one", len(l.grams), len(l.counts), l.n)
	}
	for i := range int32(len(l.counts)) {
		row := l.row(i)
		for j, id := range row {
			if id < 0 || int(id) > vocab || int(id) == vocab && j == l.n-1 {
				return fmt.Errorf("row %d has id %d at position %d, want 0 to %d", i, id, j, vocab-1)
			}
		}
		if l.counts[i] < 1 {
			return fmt.Errorf("row %d has count %d, want at least 1", i, l.counts[i])
		}
		if i > 0 && slices.Compare(l.row(i-1), row) >= 0 {
			return fmt.Errorf("row %d does not come after row %d: the rows must be sorted and different", i, i-1)
		}
	}
	return nil
}
