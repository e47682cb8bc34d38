package training

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"unsafe"

	"euryale/internal/ranks"
	"euryale/layers/graph"
)

// trait is something that all ranks must have alike.
type trait struct{ Name, Value string }

// ownKeys are the keys that ranks may set differently: results do not depend on them.
var ownKeys = []string{"training.workers"}

// agreeOnStart compares what the ranks are about to train, before the first step: the program, Go,
// the data, each key of the configuration, the weights. The error says which rank differs from
// rank 0 first, and in what. All ranks have the same.
func (r *Run) agreeOnStart() error {
	g := r.group()
	if g.Size() == 1 {
		return nil
	}
	mine, err := json.Marshal(r.traits())
	if err != nil {
		return err
	}
	all, err := ranks.Gather(g, mine)
	if err != nil {
		return err
	}
	var first []trait
	for rank, text := range all {
		var traits []trait
		if err := json.Unmarshal(text, &traits); err != nil {
			return &ranks.Agreed{Rank: rank, Size: g.Size(), Text: "it is another version of the program: give all ranks the same"}
		}
		if rank == 0 {
			first = traits
		}
		if what := difference(traits, first); what != "" {
			return &ranks.Agreed{Rank: rank, Size: g.Size(), Text: what}
		}
	}
	return nil
}

// difference returns what differs first between a rank and rank 0, or "".
func difference(traits, first []trait) string {
	for i := range min(len(traits), len(first)) {
		if t, want := traits[i], first[i]; t.Name != want.Name {
			return fmt.Sprintf("it has %s where rank 0 has %s: give all ranks the same program and configuration", t.Name, want.Name)
		} else if t.Value != want.Value {
			return fmt.Sprintf("%s is %s, and that of rank 0 is %s: give all ranks the same", t.Name, t.Value, want.Value)
		}
	}
	if len(traits) != len(first) {
		return "its configuration has other keys than that of rank 0: give all ranks the same program and configuration"
	}
	return ""
}

// traits lists what all ranks must have alike, the causes of differences first.
func (r *Run) traits() []trait {
	all := []trait{{"the program", programHash()}, {"Go", runtime.Version() + " for " + runtime.GOOS + "/" + runtime.GOARCH}}
	section := ""
	for line := range strings.Lines(r.Config.String()) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			section = strings.Trim(line, "[]")
			continue
		}
		key, value, isKey := strings.Cut(line, " = ")
		if key = section + "." + key; isKey && !slices.Contains(ownKeys, key) {
			all = append(all, trait{key, value})
		}
	}
	if r.Corpus != nil {
		all = append(all, trait{"the data", fmt.Sprintf("%s (%d tokens to train on)", r.Corpus.Fingerprint(), r.Corpus.Info.Train)})
	}
	return append(all, trait{"the step to go on from", fmt.Sprint(r.step)}, trait{"the hash of the weights", hashWeights(r.Weights)})
}

// programHash returns a hash of the file of this program.
var programHash = sync.OnceValue(func() string {
	path, err := os.Executable()
	if err != nil {
		return "unknown"
	}
	f, err := os.Open(path)
	if err != nil {
		return "unknown"
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "unknown"
	}
	return shortHash(h)
})

// hashWeights returns a hash of the values of all parameters.
func hashWeights(w *graph.Weights) string {
	h := sha256.New()
	for _, p := range w.All() {
		v := p.Float32()
		h.Write(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), 4*len(v)))
	}
	return shortHash(h)
}

func shortHash(h hash.Hash) string { return fmt.Sprintf("%x", h.Sum(nil)[:8]) }
