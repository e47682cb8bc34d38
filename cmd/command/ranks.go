package command

import (
	"euryale/internal/ranks"
	"euryale/training/rundir"
)

// createDir creates a directory for a new run on rank 0, and returns its path on all ranks.
func (s streams) createDir(parent, name string) (dir string, err error) {
	if s.ranks.Rank() == 0 {
		dir, err = rundir.Create(parent, name)
	}
	if err = ranks.Agree(s.ranks, err); err != nil {
		return "", err
	}
	parts, err := ranks.Gather(s.ranks, []byte(dir))
	if err != nil {
		return "", err
	}
	return string(parts[0]), nil
}
