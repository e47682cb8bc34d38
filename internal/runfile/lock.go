package runfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// lockName is the file in a directory that its writer has locked.
const lockName = ".lock"

// LockedError says that another writer has locked a directory.
type LockedError struct {
	Dir string
	PID int // of the writer's process; 0: it is not known
}

func (e *LockedError) Error() string {
	switch e.PID {
	case 0:
		return e.Dir + " is being written by another process"
	case os.Getpid():
		return e.Dir + " is still being written by this process, which has not closed it"
	}
	return fmt.Sprintf("%s is being written by process %d", e.Dir, e.PID)
}

// Lock is held by the writer of a directory, and ends with its process however that ends.
type Lock struct{ file *os.File }

// LockDir locks a directory for a writer; readers need no lock. If another writer has locked
// it the error is a *LockedError. Platforms and file systems without locks lock nothing.
func LockDir(dir string) (*Lock, error) {
	path := filepath.Join(dir, lockName)
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
		if err != nil {
			return nil, err
		}
		locked, err := lockFile(f)
		if err != nil || !locked {
			pid := readPID(f)
			f.Close()
			if err == nil {
				err = &LockedError{dir, pid}
			}
			return nil, err
		}
		if isAt(f, path) {
			l := &Lock{f}
			if err := errors.Join(f.Truncate(0), writePID(f)); err != nil { // the disk is full, say
				return nil, errors.Join(err, l.Unlock())
			}
			return l, nil
		}
		f.Close() // its last holder removed it in between
	}
}

// Unlock ends the lock.
func (l *Lock) Unlock() error {
	var err error
	if runtime.GOOS != "windows" { // which removes no open file
		err = os.Remove(l.file.Name())
	}
	return errors.Join(err, l.file.Close())
}

func writePID(f *os.File) error {
	_, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// readPID returns the process that a lock file names, or 0.
func readPID(f *os.File) int {
	b := make([]byte, 20)
	n, _ := f.ReadAt(b, 0)
	pid, _ := strconv.Atoi(strings.TrimSpace(string(b[:n])))
	return pid
}

// isAt reports whether path still leads to the open file.
func isAt(f *os.File, path string) bool {
	opened, err := f.Stat()
	if err != nil {
		return false
	}
	found, err := os.Stat(path)
	return err == nil && os.SameFile(opened, found)
}
