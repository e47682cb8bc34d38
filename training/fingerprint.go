package training

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"unsafe"

	"euryale/data"
	"euryale/internal/ranks"
	"euryale/layers/graph"
)

// ownKeys are the keys that ranks may set differently: results do not depend on them.
var ownKeys = []string{"training.workers"}

// agreeOnStart compares what the ranks are about to train, before the first step: the program, Go,
// the data, each key of the configuration, the weights. The error says which rank differs from
// rank 0 first, and in what. All ranks have the same.
func (r *Run) agreeOnStart() error {
	if r.isAlone() {
		return nil
	}
	return ranks.CheckSame(r.group(), traitsOf(r.Config, r.Corpus, r.step, r.Weights))
}

// traitsOf lists what all ranks must have alike, the causes of differences first.
func traitsOf(c Config, corpus *data.Corpus, step int, w *graph.Weights) []ranks.Trait {
	all := ranks.ProgramTraits()
	section := ""
	for line := range strings.Lines(c.String()) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			section = strings.Trim(line, "[]")
			continue
		}
		key, value, isKey := strings.Cut(line, " = ")
		if key = section + "." + key; isKey && !slices.Contains(ownKeys, key) {
			all = append(all, ranks.Trait{Name: key, Value: value})
		}
	}
	if corpus != nil {
		all = append(all, ranks.Trait{Name: "the data", Value: fmt.Sprintf("%s (%d tokens to train on)", corpus.Fingerprint(), corpus.Info.Train)})
	}
	return append(all, ranks.Trait{Name: "the step to go on from", Value: fmt.Sprint(step)}, ranks.Trait{Name: "the hash of the weights", Value: hashWeights(w)})
}

// hashWeights returns a hash of the values of all parameters.
func hashWeights(w *graph.Weights) string {
	h := sha256.New()
	for _, p := range w.All() {
		v := p.Float32()
		h.Write(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), 4*len(v)))
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:8])
}
