package runfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// WriteAtomic creates or replaces the file at path; write writes its content, through a
// buffer. The content goes to a temporary file in the same directory, which is synced and
// renamed, then the directory is synced: after a crash path has either its old content or
// all of the new content. On an error the temporary file is removed and path does not
// change.
func WriteAtomic(path string, write func(io.Writer) error) error {
	return FillAtomic(path, func(f *os.File) error { return writeAll(f, write) })
}

// FillAtomic is WriteAtomic without a buffer: fill may write at any offset of the file.
func FillAtomic(path string, fill func(f *os.File) error) (err error) {
	f, err := createBeside(path)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			f.Close() // a second close after a failed one is harmless
			os.Remove(f.Name())
			err = fmt.Errorf("write %s: %w", path, err)
		}
	}()
	if err := fill(f); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := renameAndClose(f, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// renameAndClose puts a synced file in its place. It stays locked until it is there, except
// on Windows, which renames no open file.
func renameAndClose(f *os.File, path string) error {
	if runtime.GOOS == "windows" {
		if err := f.Close(); err != nil {
			return err
		}
		return os.Rename(f.Name(), path)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return f.Close()
}

// createBeside makes a new file in path's directory under a hidden name, and locks it, so
// that Sweep leaves it alone. Unlike os.CreateTemp it leaves the permissions to the umask, as
// os.Create does.
func createBeside(path string) (*os.File, error) {
	dir, base := filepath.Split(path)
	for {
		name := fmt.Sprintf("%s.%s.%08x.tmp", dir, base, rand.Uint32())
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		locked, err := lockFile(f)
		if locked && isAt(f, name) {
			return f, nil
		}
		f.Close()
		if err != nil {
			os.Remove(name)
			return nil, err
		}
	} // a Sweep found it before it was locked
}

// Sweep removes from dir the temporary files of writes that a crash ended, and leaves those
// that are being written.
func Sweep(dir string) error {
	left, err := filepath.Glob(filepath.Join(dir, ".*.????????.tmp"))
	if err != nil {
		return err
	}
	for _, path := range left {
		if err := sweep(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// sweep removes a temporary file unless its writer has locked it.
func sweep(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	locked, err := lockFile(f)
	if err != nil || !locked {
		return errors.Join(err, f.Close())
	}
	if runtime.GOOS == "windows" { // which removes no open file
		return errors.Join(f.Close(), os.Remove(path))
	}
	return errors.Join(os.Remove(path), f.Close())
}

// writeAll runs write on w behind a buffer and flushes it.
func writeAll(w io.Writer, write func(io.Writer) error) error {
	b := bufio.NewWriterSize(w, 1<<16)
	if err := write(b); err != nil {
		return err
	}
	return b.Flush()
}

// syncDir makes a rename in dir durable. It does nothing on systems and file systems that cannot
// sync a directory.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}
