package textfile

import (
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// textSuffixes are the names of files that count as text in a directory, also with .gz.
var textSuffixes = []string{".txt", ".md", ".text"}

// List lists the files of a corpus: the file itself, or all text below a directory, sorted.
// The directories of runs below it are left out: their samples are a model's text.
func List(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	var files []string
	err = filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && p != path && isRun(p):
			return fs.SkipDir
		case !d.IsDir() && isText(p):
			files = append(files, p)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("directory %s holds no text: looked for %s, also with .gz", path, strings.Join(textSuffixes, ", "))
	}
	slices.Sort(files)
	return files, nil
}

// isRun tells whether a directory is that of a run: its configuration, and a file that runs
// write beside it.
func isRun(dir string) bool {
	return IsFile(filepath.Join(dir, "config.toml")) &&
		(IsFile(filepath.Join(dir, "tokenizer.json")) || IsFile(filepath.Join(dir, "samples.txt")))
}

// isText tells by its name whether a file of a directory belongs to a corpus.
func isText(path string) bool {
	return slices.Contains(textSuffixes, filepath.Ext(strings.TrimSuffix(path, ".gz")))
}

// Open opens a file, through gzip if it is named .gz.
func Open(path string) (io.ReadCloser, error) {
	f, err := os.Open(path)
	if err != nil || filepath.Ext(path) != ".gz" {
		return f, err
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: not a gzip file: %v", path, err) // an io.EOF must not look like the text's end
	}
	return &gzipFile{z, f, path}, nil
}

// gzipFile closes the file below and names it in what it reports.
type gzipFile struct {
	*gzip.Reader
	file *os.File
	path string
}

// Read says which file is damaged.
func (g *gzipFile) Read(p []byte) (int, error) {
	n, err := g.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("%s: damaged gzip file: %v", g.path, err)
	}
	return n, err
}

// Close closes the file below; a checksum was checked at its end by Read.
func (g *gzipFile) Close() error { return g.file.Close() }

// IsFile tells whether a regular file is there.
func IsFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
