package rundir

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"euryale/internal/runfile"
)

// Hold is a directory in the hands of the one run that writes it, until it is released or
// the process ends. Others can read the run meanwhile.
type Hold struct {
	dir     string
	created bool
	lock    *runfile.Lock
}

// Create makes a directory of a new run in parent: the first of NAME-1, NAME-2 and so on that
// does not exist. Of several that ask at once each gets its own.
func Create(parent, name string) (dir string, err error) {
	for n := 1; ; n++ {
		if err := os.MkdirAll(parent, 0o777); err != nil {
			return "", err
		}
		dir := filepath.Join(parent, fmt.Sprintf("%s-%d", name, n))
		switch err := os.Mkdir(dir, 0o777); {
		case errors.Is(err, os.ErrExist):
		case errors.Is(err, os.ErrNotExist):
			n-- // a run that could not begin removed the parent
		default:
			return dir, err
		}
	}
}

// Remove removes a directory that Create made, and its parent, if they are empty.
func Remove(dir string) {
	if os.Remove(dir) == nil {
		os.Remove(filepath.Dir(dir))
	}
}

// Take takes a directory for a run that is to write it, and makes it unless it exists. While
// another run writes it, that is an error that names the process.
func Take(dir string) (*Hold, error) {
	_, err := os.Stat(dir)
	created := errors.Is(err, os.ErrNotExist)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	lock, err := runfile.LockDir(dir)
	if err != nil {
		return nil, err
	}
	return &Hold{dir, created, lock}, nil
}

// IsTaken reports whether an error says that another run writes the directory.
func IsTaken(err error) bool {
	var locked *runfile.LockedError
	return errors.As(err, &locked)
}

// Release ends the hold. Of a nil hold it does nothing.
func (h *Hold) Release() error {
	if h == nil {
		return nil
	}
	return h.lock.Unlock()
}

// Abandon ends the hold of a run that could not begin, and removes the directory if it was
// made for it and is empty.
func (h *Hold) Abandon() error {
	err := h.Release()
	if h != nil && h.created {
		os.Remove(h.dir) // fails if it is not empty, and then it is to stay
	}
	return err
}

// Forget lets a run that was never saved begin again in its directory, unless it is being
// written.
func Forget(dir string) error {
	hold, err := Take(dir)
	if err != nil {
		return err
	}
	return errors.Join(os.Remove(filepath.Join(dir, Config)), hold.Release())
}
