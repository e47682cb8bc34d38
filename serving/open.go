package serving

import (
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"

	"euryale/generation"
	"euryale/training"
	"euryale/training/rundir"
)

// OpenRun returns the loader of the run in dir: of its best weights, or of the last if last is set. A run
// may be served while it is trained: reading it again gets the weights that are the best by then.
func OpenRun(dir string, last bool) Loader {
	return func() (*generation.Generator, string, error) {
		path := rundir.BestWeights(dir)
		if last {
			path = filepath.Join(dir, rundir.Weights)
		}
		fingerprint := fingerprintOf(path) // before the file is read: a later one differs
		saved, err := training.Open(dir, last)
		if err != nil {
			return nil, "", err
		}
		g, err := saved.Generator()
		if err != nil {
			return nil, "", err
		}
		saved.Weights.ReadOnly()
		saved.Weights.Reuse()
		return g, fingerprint, nil
	}
}

// fingerprintOf tells the weights in a file from others by its time and size.
func fingerprintOf(path string) string {
	h := fnv.New64a()
	if info, err := os.Stat(path); err == nil {
		fmt.Fprint(h, path, info.Size(), info.ModTime().UnixNano())
	}
	return fmt.Sprintf("fp_%016x", h.Sum64())
}
