package experiment

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"euryale/data"
	"euryale/training"
)

// target is one target of a part.
type target struct {
	place int // of running text, its position; of a table, its row
	id    int // of the token
	bytes int // of the text that it stands for
	loss  float64
}

// scored is a run's losses over a part of its corpus.
type scored struct {
	targets   []target // in order of place
	bytes     int
	masked    bool     // few tokens are targets, and no bytes are counted
	rows      bool     // places are rows
	text, ids [32]byte // hashes of the text of the targets, and of their ids
}

// losses computes the losses of a run over a whole part of its corpus.
func losses(ctx context.Context, s *training.Saved, corpus *data.Corpus, part string, progress func(done, total int)) (*scored, error) {
	task := corpus.Config.Task
	r := &scored{masked: task == "mask", rows: task != "mask" && (task != "lm" || corpus.Config.Target != "")}
	format, err := corpus.Format()
	if err != nil {
		return nil, err
	}
	places, n := map[int][]entry{}, 0
	total := map[string]int{"train": corpus.Info.Train, "valid": corpus.Info.Valid, "test": corpus.Info.Test}[part]
	s.Weights.Hold()
	defer s.Weights.Release()
	err = s.TargetLosses(ctx, corpus, part, func(place, i, id int, loss float64) {
		places[place] = append(places[place], entry{i, id, loss})
		if n++; n%1024 == 0 && progress != nil {
			progress(min(n, total), total)
		}
	})
	if err != nil {
		return nil, err
	}
	r.collect(places, format.End(), corpus.Tokenizer.Piece)
	if len(r.targets) == 0 {
		return nil, fmt.Errorf("the %s part has no targets", part)
	}
	return r, nil
}

// entry is a target of a sequence.
type entry struct {
	i, id int
	loss  float64
}

// collect sorts the targets and hashes their text.
func (r *scored) collect(places map[int][]entry, end int, piece func(id int) []byte) {
	text, ids := sha256.New(), sha256.New()
	for _, place := range sortedKeys(places) {
		if r.rows { // so that a row that is cut differs from one that ends
			binary.Write(text, binary.LittleEndian, int64(place))
		}
		for _, e := range places[place] {
			t := target{place: place, id: e.id, loss: e.loss}
			if !r.rows {
				t.place += e.i
			}
			binary.Write(ids, binary.LittleEndian, []int64{int64(t.place), int64(e.id)})
			if !r.masked && e.id != end {
				b := piece(e.id)
				text.Write(b)
				t.bytes = len(b)
			}
			r.bytes += t.bytes
			r.targets = append(r.targets, t)
		}
	}
	text.Sum(r.text[:0])
	ids.Sum(r.ids[:0])
}

// blockBytes is the size of a block of running text: large enough that blocks are nearly
// independent of each other.
const blockBytes = 1024

// The fewest and the most blocks: few make a poor estimate of the variance, many cost time.
const (
	fewestBlocks = 10
	mostBlocks   = 200
)

// blocks divides the targets into consecutive blocks, of the same text in every run of the same
// text. It returns the sum of the losses and the number of units, tokens or bytes, of each.
func (r *scored) blocks(inBytes bool) (sums, units []float64) {
	last := r.targets[len(r.targets)-1].place + 1
	n := last / 100
	switch {
	case r.rows:
		n = last
	case !r.masked:
		n = r.bytes / blockBytes
	}
	n = min(max(n, fewestBlocks), mostBlocks)
	sums, units = make([]float64, n), make([]float64, n)
	at := 0
	for _, t := range r.targets {
		b := t.place * n / last
		if !r.rows && !r.masked && r.bytes > 0 {
			b = min(at*n/r.bytes, n-1)
		}
		at += t.bytes
		sums[b] += t.loss
		if inBytes {
			units[b] += float64(t.bytes)
		} else {
			units[b]++
		}
	}
	return sums, units
}

// lossScorer returns the mean loss per unit, negated, so that higher is better.
func lossScorer(sums, units []float64, scale float64) scorer {
	return func(pick []int) float64 {
		sum, n := 0.0, 0.0
		for _, b := range pick {
			sum, n = sum+sums[b], n+units[b]
		}
		if n == 0 {
			return 0
		}
		return -scale * sum / n
	}
}
