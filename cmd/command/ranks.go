package command

import (
	"euryale/internal/ranks"
	"euryale/training/rundir"
)

// decides returns on all ranks what rank 0 passes.
func (s streams) decides(yes bool) (bool, error) {
	b := []byte{0}
	if yes {
		b[0] = 1
	}
	err := s.ranks.Broadcast(b, 0)
	return b[0] == 1, err
}

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
