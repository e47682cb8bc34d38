package data

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"euryale/data/textfile"
)

// DataDirVariable names a directory that is searched for the files of named corpora before the
// cache is.
const DataDirVariable = "EURYALE_DATA"

// find returns the path of a named corpus's file, and fetches it if it is in neither directory.
func (e entry) find(name string, opts Options) (path string, notes []string, err error) {
	if dir := os.Getenv(DataDirVariable); dir != "" {
		if path := filepath.Join(dir, e.file); textfile.IsFile(path) {
			return path, e.compare(path), nil
		}
	}
	dir, err := opts.cacheDir()
	if err != nil {
		return "", nil, err
	}
	path = filepath.Join(dir, "corpora", e.file)
	if textfile.IsFile(path) {
		return path, e.compare(path), nil
	}
	err = errors.New("no published file is this very table")
	if e.url != "" {
		if err = e.fetch(name, path, opts); err == nil {
			return path, nil, nil
		}
	}
	return "", nil, e.byHand(path, err)
}

// byHand says how to put a file in place that could not be fetched.
func (e entry) byHand(path string, why error) error {
	if e.url == "" {
		return fmt.Errorf("%v: make one of tab-separated columns (%s) from %s and put it at %s, or into the directory %s names, or give a path instead of the name",
			why, e.about, e.source, path, DataDirVariable)
	}
	return fmt.Errorf("%w: get %s another way and put it at %s, or give a path instead of the name", why, e.url, path)
}

// compare notes a file put in place by hand that is not the one figures were measured on.
func (e entry) compare(path string) []string {
	sum, err := hashFile(path)
	if err == nil && sum == e.sha256 {
		return nil
	}
	return []string{fmt.Sprintf("%s is not the file this project's figures were measured on (its sha256 is not %s)", path, e.sha256)}
}
