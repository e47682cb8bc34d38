package training

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"euryale/data"
	"euryale/internal/runfile"
)

// SavedBatch is a batch in a file: one JSON object, whose lists have an item for each sequence.
//
//	{"format": "euryale-batch", "version": 1, "step": 31, "noise": 30,
//	 "tokens": [[5, 7, -1], …], "targets": [[7, 2, -1], …], "source": [[…], …], "fresh": [true, …]}
//
// An id of −1 is padding, or no target. Positions follow from the tokens: they count from 0.
// Source is there for a model that reads one; fresh, if recurrent state is carried from batch to
// batch, says whose state is reset.
type SavedBatch struct {
	data.Batch
	Step  int    // update that the batch is of, counted from 1
	Noise uint64 // step of dropout's noise: see graph.Noise
}

// batchFile is the JSON of a SavedBatch.
type batchFile struct {
	Format  string  `json:"format"`
	Version int     `json:"version"`
	Step    int     `json:"step"`
	Noise   uint64  `json:"noise"`
	Tokens  [][]int `json:"tokens"`
	Targets [][]int `json:"targets"`
	Source  [][]int `json:"source,omitempty"`
	Fresh   []bool  `json:"fresh,omitempty"`
}

const batchFormat = "euryale-batch"

// WriteBatch writes a batch to a file.
func WriteBatch(path string, b *SavedBatch) error {
	f := batchFile{Format: batchFormat, Version: 1, Step: b.Step, Noise: b.Noise,
		Tokens: rowsOf(b.Tokens, b.B, b.T), Targets: rowsOf(b.Targets, b.B, b.T), Fresh: b.Fresh}
	if b.S > 0 {
		f.Source = rowsOf(b.Source, b.B, b.S)
	}
	return runfile.WriteAtomic(path, func(w io.Writer) error { return json.NewEncoder(w).Encode(f) })
}

// ReadBatch reads a batch that WriteBatch has written, for a model with so many ids.
func ReadBatch(path string, vocab int) (*SavedBatch, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	b, err := parseBatch(raw, vocab)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}

func parseBatch(raw []byte, vocab int) (*SavedBatch, error) {
	var f batchFile
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, fmt.Errorf("it is not a batch: %w", err)
	}
	if f.Format != batchFormat || f.Version != 1 {
		return nil, fmt.Errorf("it is not a batch of version 1 (format %q, version %d)", f.Format, f.Version)
	}
	b := &SavedBatch{Step: f.Step, Noise: f.Noise}
	b.B = len(f.Tokens)
	if b.B == 0 || len(f.Tokens[0]) == 0 {
		return nil, fmt.Errorf("it has no tokens")
	}
	b.T = len(f.Tokens[0])
	if len(f.Source) > 0 {
		b.S = len(f.Source[0])
	}
	if f.Fresh != nil && len(f.Fresh) != b.B {
		return nil, fmt.Errorf("fresh has %d items for %d sequences", len(f.Fresh), b.B)
	}
	b.Fresh = f.Fresh
	for _, l := range []struct {
		name string
		rows [][]int
		n    int
		into *[]int
	}{{"tokens", f.Tokens, b.T, &b.Tokens}, {"targets", f.Targets, b.T, &b.Targets}, {"source", f.Source, b.S, &b.Source}} {
		if len(l.rows) != b.B && !(l.name == "source" && b.S == 0) {
			return nil, fmt.Errorf("%s has %d lists for %d sequences", l.name, len(l.rows), b.B)
		}
		for i, row := range l.rows {
			if len(row) != l.n {
				return nil, fmt.Errorf("%s: sequence %d has %d ids, want %d", l.name, i, len(row), l.n)
			}
			for _, id := range row {
				if id < -1 || id >= vocab {
					return nil, fmt.Errorf("%s: sequence %d has the id %d, want -1 or one below %d", l.name, i, id, vocab)
				}
			}
			*l.into = append(*l.into, row...)
		}
	}
	return b, nil
}

// rowsOf cuts ids into n lists of the given length.
func rowsOf(ids []int, n, length int) [][]int {
	rows := make([][]int, n)
	for i := range rows {
		rows[i] = ids[i*length : (i+1)*length]
	}
	return rows
}
