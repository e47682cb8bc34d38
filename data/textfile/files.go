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

// textSuffixes are the extensions of text files in a directory; each may be followed by .gz.
var textSuffixes = []string{".txt", ".md", ".text"}

// List returns path if it is a file, or the sorted text files below it if it is a directory.
// It leaves out the directories of runs below it, whose samples are a model's text.
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
		return nil, fmt.Errorf("directory %s has no text files: the extensions are %s, optionally with .gz",
			path, strings.Join(textSuffixes, ", "))
	}
	slices.Sort(files)
	return files, nil
}

// isRun reports whether a directory is that of a run: its configuration, and a file that runs
// write beside it.
func isRun(dir string) bool {
	return IsFile(filepath.Join(dir, "config.toml")) &&
		(IsFile(filepath.Join(dir, "tokenizer.json")) || IsFile(filepath.Join(dir, "samples.txt")))
}

// isText reports whether a file has the name of a text file.
func isText(path string) bool {
	return slices.Contains(textSuffixes, filepath.Ext(strings.TrimSuffix(path, ".gz")))
}

// Open opens a file; one with the extension .gz is decompressed.
func Open(path string) (io.ReadCloser, error) {
	f, err := os.Open(path)
	if err != nil || filepath.Ext(path) != ".gz" {
		return f, err
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: not a gzip file: %v", path, err) // %v: a wrapped io.EOF would look like the end of the text
	}
	return &gzipFile{z, f, path}, nil
}

// gzipFile is a gzip reader that names the file in its errors and closes it.
type gzipFile struct {
	*gzip.Reader
	file *os.File
	path string
}

// Read reads decompressed bytes; its errors name the file.
func (g *gzipFile) Read(p []byte) (int, error) {
	n, err := g.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("%s: corrupt gzip file: %v", g.path, err)
	}
	return n, err
}

// Close closes the file. Read has checked the gzip checksum at the end of the stream.
func (g *gzipFile) Close() error { return g.file.Close() }

// IsFile reports whether path is an existing regular file.
func IsFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
