package textfile

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// textSuffixes are the extensions of text files in a directory; each may be followed by .gz or .zst.
var textSuffixes = []string{".txt", ".md", ".text"}

// List returns path if it is a file, or the sorted text files below it if it is a directory. Symbolic
// links are followed, and a file that several paths lead to is listed once, by a path without links if
// there is one. The notes say what was skipped.
func List(path string) (files, notes []string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if !info.IsDir() {
		return []string{path}, nil, nil
	}
	return listDir(path, "text", textSuffixes)
}

// ListRecords returns the sorted files below a directory with one of the suffixes of files of records. It
// returns none if path is not a directory, or if optional is set and the directory has none, or has text
// files (other than .md, as a README is).
func ListRecords(path string, optional bool, suffixes []string) (files, notes []string, err error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return nil, nil, nil // Open names what is wrong
	}
	if optional {
		texts, _, err := listDir(path, "text", textSuffixes)
		if err == nil && slices.ContainsFunc(texts, func(p string) bool { return filepath.Ext(TrimCompression(p)) != ".md" }) {
			return nil, nil, nil
		}
	}
	files, notes, err = listDir(path, "record", suffixes)
	if err != nil && len(files) == 0 && optional {
		return nil, nil, nil
	}
	return files, notes, err
}

// listDir lists the files of a kind below a directory, by their suffixes.
func listDir(path, kind string, suffixes []string) (files, notes []string, err error) {
	l := &lister{suffixes: suffixes, kind: kind, dirs: map[string]bool{}, files: map[string]bool{}, others: map[string]int{}}
	l.pending = []string{path}
	for len(l.pending) > 0 { // links are followed after all that is reached without them
		next := l.pending
		l.pending = nil
		slices.Sort(next)
		for _, p := range next {
			if err := l.follow(p); err != nil {
				return nil, nil, err
			}
		}
	}
	notes = l.notes(path)
	if len(l.found) == 0 {
		return nil, notes, fmt.Errorf("directory %s has no %s files: the extensions are %s, optionally with .gz or .zst%s",
			path, kind, strings.Join(suffixes, ", "), strings.Join(append([]string{""}, notes...), "; "))
	}
	slices.Sort(l.found)
	return l.found, notes, nil
}

// lister lists the files of a kind in a directory tree with symbolic links.
type lister struct {
	suffixes    []string
	kind        string
	dirs, files map[string]bool // visited, by path without links
	pending     []string        // links to be followed
	found       []string

	others map[string]int // files of other extensions, by extension
	runs   int            // directories of runs
	broken int            // links that lead nowhere
	again  int            // files and directories that were reached again
	odd    int            // names of the kind that are not regular files
}

// follow lists what a link leads to.
func (l *lister) follow(path string) error {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		l.broken++ // nowhere, or in a circle
		return nil
	}
	info, err := os.Stat(real)
	switch {
	case err != nil:
		return err
	case info.IsDir() && len(l.dirs) > 0 && isRun(path):
		l.runs++
		return nil
	case info.IsDir():
		return l.walk(path, real)
	}
	l.add(path, real, info.Mode())
	return nil
}

// walk lists the directory at path, whose path without links is real.
func (l *lister) walk(path, real string) error {
	if l.dirs[real] {
		l.again++
		return nil
	}
	l.dirs[real] = true
	entries, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	for _, e := range entries {
		at, to := filepath.Join(path, e.Name()), filepath.Join(real, e.Name())
		switch {
		case e.Type()&fs.ModeSymlink != 0:
			l.pending = append(l.pending, at)
		case e.IsDir() && isRun(at):
			l.runs++
		case e.IsDir():
			err = l.walk(at, to)
		default:
			l.add(at, to, e.Type())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// isRun reports whether a directory is that of a run: its configuration, and a file that runs
// write beside it. Its samples are a model's text.
func isRun(dir string) bool {
	return isFile(dir, "config.toml") && (isFile(dir, "tokenizer.json") || isFile(dir, "samples.txt"))
}

func isFile(dir, name string) bool {
	info, err := os.Stat(filepath.Join(dir, name))
	return err == nil && info.Mode().IsRegular()
}

// add adds a file, unless it was reached before or is of another kind.
func (l *lister) add(path, real string, mode fs.FileMode) {
	switch {
	case !slices.Contains(l.suffixes, filepath.Ext(TrimCompression(path))):
		l.others[filepath.Ext(path)]++
	case !mode.IsRegular():
		l.odd++
	case l.files[real]:
		l.again++
	default:
		l.files[real] = true
		l.found = append(l.found, path)
	}
}

// notes says what was skipped.
func (l *lister) notes(dir string) (notes []string) {
	n, kinds := 0, make([]string, 0, len(l.others))
	for ext, count := range l.others {
		n += count
		kinds = append(kinds, ext)
	}
	slices.SortFunc(kinds, func(a, b string) int {
		return cmp.Or(cmp.Compare(l.others[b], l.others[a]), cmp.Compare(a, b))
	})
	for i, ext := range kinds {
		kinds[i] = fmt.Sprintf("%d %s", l.others[ext], cmp.Or(ext, "without extension"))
	}
	if len(kinds) > 5 {
		kinds = append(kinds[:5], "…")
	}
	for _, s := range []struct {
		count int
		what  string
	}{
		{n, fmt.Sprintf("files that are not %s (%s)", strings.Join(l.suffixes, ", "), strings.Join(kinds, ", "))},
		{l.runs, "directories of runs"},
		{l.broken, "symbolic links that lead nowhere"},
		{l.again, "symbolic links to what was read already"},
		{l.odd, "names of " + l.kind + " that are not regular files"},
	} {
		if s.count > 0 {
			notes = append(notes, fmt.Sprintf("%s: skipped %d %s", dir, s.count, s.what))
		}
	}
	return notes
}
