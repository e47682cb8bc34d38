package data

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"euryale/data/textfile"
)

// DataDirVariable is the environment variable of a directory that is searched for the files of named
// corpora before the cache.
const DataDirVariable = "EURYALE_DATA"

// find returns the path of a named corpus's file, and downloads it if it is in neither directory.
func (e entry) find(name string, opts Options) (path string, notes []string, err error) {
	if dir := os.Getenv(DataDirVariable); dir != "" {
		if path := filepath.Join(dir, e.file); textfile.IsFile(path) {
			return path, e.compare(path), nil
		}
	}
	dir, err := opts.CacheDir()
	if err != nil {
		return "", nil, err
	}
	path = filepath.Join(dir, "corpora", e.file)
	if textfile.IsFile(path) {
		return path, e.compare(path), nil
	}
	err = errors.New("this table is not published as a file")
	if e.url != "" {
		if err = e.fetch(name, path, opts); err == nil {
			return path, nil, nil
		}
	}
	return "", nil, e.byHand(path, err)
}

// byHand returns an error that says how to provide a file that could not be downloaded.
func (e entry) byHand(path string, why error) error {
	if e.url == "" {
		return fmt.Errorf("%v: make a file of tab-separated columns (%s) from %s and save it as %s or in the directory "+
			"that %s names, or set data.name to a path", why, e.about, e.source, path, DataDirVariable)
	}
	return fmt.Errorf("%w: download %s by other means and save it as %s, or set data.name to a path", why, e.url, path)
}

// compare returns a note if the file is not the one that the published results were measured on.
func (e entry) compare(path string) []string {
	sum, err := hashFile(path)
	if err == nil && sum == e.sha256 {
		return nil
	}
	return []string{fmt.Sprintf("%s is not the file that this project's results were measured on (its sha256 is not %s)",
		path, e.sha256)}
}
