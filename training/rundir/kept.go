package rundir

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// WeightsAt names the weights of a step that are kept beside the last ones. Names sort as their
// steps do.
func WeightsAt(step int) string { return fmt.Sprintf("weights-%08d.safetensors", step) }

// Kept lists the paths of the weights that a run has kept, by step.
func Kept(dir string) ([]string, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "weights-[0-9]*.safetensors"))
	slices.Sort(paths)
	return paths, err
}

// RemoveOld removes kept weights but the last n.
func RemoveOld(dir string, n int) error {
	paths, err := Kept(dir)
	if err != nil {
		return err
	}
	for _, path := range paths[:max(0, len(paths)-n)] {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}
