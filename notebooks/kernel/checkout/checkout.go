// Package checkout lets a notebook check that its kernel was built from the current files of
// the checkout.
package checkout

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Built has the checksum of each source file that the kernel was built from, by its path in the
// checkout. It is set by generated code (see genbind).
var Built map[string]string

// Dir is the checkout that the kernel was built from. It is set by generated code.
var Dir string

// packages are the directories whose sources are linked into the kernel.
var packages = []string{"data", "evaluation", "experiment", "generation", "inspect", "interchange", "internal", "layers", "models", "training"}

// advice ends every error of this package.
const advice = "run notebooks/kernel/build.sh again, then restart the kernel"

// Check returns an error if the kernel was built with another version of Go than that on PATH,
// or from other sources than those in the checkout of the working directory; where there is
// none, in the checkout that the kernel was built from. The error names up to three files that
// differ. Without Go on PATH it does not compare the versions.
func Check() error {
	root, err := Root()
	if err != nil && Dir == "" {
		return err
	}
	if err != nil { // a notebook of another module
		root = Dir
	}
	return compare(root, goVersion())
}

func compare(root, version string) error {
	if version != "" && version != runtime.Version() {
		return fmt.Errorf("this kernel was built with %s, and go on PATH is %s: %s", runtime.Version(), version, advice)
	}
	now, err := Sums(root)
	if err != nil {
		return err
	}
	var changed []string
	for path, sum := range now {
		if Built[path] != sum {
			changed = append(changed, path)
		}
	}
	for path := range Built {
		if now[path] == "" {
			changed = append(changed, path)
		}
	}
	if len(changed) == 0 {
		return nil
	}
	slices.Sort(changed)
	shown := strings.Join(changed[:min(3, len(changed))], ", ")
	return fmt.Errorf("this kernel was built from an older checkout: %d files differ (%s): %s", len(changed), shown, advice)
}

// goVersion returns the version of go on PATH, or "".
func goVersion() string {
	out, err := exec.Command("go", "env", "GOVERSION").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// Root returns the directory of the checkout: the nearest parent of the working directory with
// the go.mod of the project.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(mod), "module euryale\n") {
			return dir, nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("the notebook is not in a checkout of the project: no parent directory has the go.mod of module euryale")
		}
		dir = up
	}
}

// Sums returns the checksums of the source files of the kernel, without tests.
func Sums(root string) (map[string]string, error) {
	sums := map[string]string{}
	for _, pkg := range packages {
		err := filepath.WalkDir(filepath.Join(root, pkg), func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() && (d.Name() == "testdata" || d.Name() == "gen") {
				return fs.SkipDir
			}
			ext := filepath.Ext(path)
			if d.IsDir() || ext != ".go" && ext != ".s" || strings.HasSuffix(path, "_test.go") {
				return nil
			}
			raw, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(root, path)
			sums[filepath.ToSlash(rel)] = fmt.Sprintf("%x", sha256.Sum256(raw))[:16]
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return sums, nil
}
