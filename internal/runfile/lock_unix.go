//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package runfile

import (
	"errors"
	"os"
	"syscall"
)

// lockFile locks an open file until it is closed, or reports that another has locked it.
func lockFile(f *os.File) (locked bool, err error) {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EWOULDBLOCK):
			return false, nil
		case errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.ENOLCK):
			return true, nil // the file system has no locks
		default:
			return err == nil, err
		}
	}
}
