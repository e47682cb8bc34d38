// Package house holds the tests of the architecture itself.
package house

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const root = "../.."

// floors are the packages from the ground up: a package imports those of lower floors,
// and those of its own, and no others.
var floors = [][]string{
	{"internal/mapped", "internal/kernel/hugepage"},
	{"internal/kernel", "internal/runfile", "internal/plottext", "internal/near", "internal/term", "internal/book", "internal/ranks"},
	{"internal/kernel/vec", "internal/kernel/parallel", "internal/kernel/openblas", "layers/stock", "internal/mpi"},
	{"internal/kernel/matmul"},
	{"layers/ops", "internal/limits", "data/tokenizer", "data/tales", "evaluation/metrics"},
	{"layers/graph", "data/textfile"},
	{"layers", "data/record"},
	{"models", "data/store", "data/task", "training/rundir"},
	{"data"},
	{"interchange", "generation"},
	{"training", "inspect"},
	{"evaluation"},
	{"experiment"},
	{"internal/cli", "internal/house"},
	{"cmd", "bench", "notebooks", "template"},
}

// alone are packages that, with those below them, import nothing else of the project's.
var alone = []string{"internal/kernel", "data/tales", "evaluation/metrics"}

// floorOf is the floor of a package, by its longest known prefix.
func floorOf(pkg string) (floor int) {
	floor, name := -1, ""
	for i, f := range floors {
		for _, p := range f {
			if within(pkg, p) && len(p) > len(name) {
				floor, name = i, p
			}
		}
	}
	return floor
}

// within reports whether pkg is the package above or one below it.
func within(pkg, above string) bool { return pkg == above || strings.HasPrefix(pkg, above+"/") }

// imports calls f for every import in the project's Go files, tests aside.
func imports(t *testing.T, f func(pkg, imported string)) {
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "gen" || d.Name() == "runs") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			f(filepath.ToSlash(dir), name)
		}
		return nil
	})
	require.NoError(t, err)
}

// Imports point one way: cmd → experiment → evaluation → training → generation → models and data → layers →
// layers/ops → internal/kernel.
func TestImportsPointOneWay(t *testing.T) {
	seen := 0
	imports(t, func(pkg, imported string) {
		of, own := strings.CutPrefix(imported, "euryale/")
		if !own {
			return
		}
		seen++
		from, to := floorOf(pkg), floorOf(of)
		if !assert.GreaterOrEqual(t, from, 0, "%s has no floor in this test: give it one", pkg) ||
			!assert.GreaterOrEqual(t, to, 0, "%s has no floor in this test: give it one", of) {
			return
		}
		assert.LessOrEqual(t, to, from, "%s imports %s, which stands above it", pkg, of)
		for _, p := range alone {
			assert.False(t, within(pkg, p) && !within(of, p), "%s imports %s, and should import nothing of the project's but %s", pkg, of, p)
		}
	})
	assert.Greater(t, seen, 10, "the test looks at nothing")
}

// The arithmetic knows nothing of graphs, and data nothing of models.
func TestWhoKnowsGorgonia(t *testing.T) {
	imports(t, func(pkg, imported string) {
		if !strings.HasPrefix(imported, "gorgonia.org/") {
			return
		}
		for _, p := range []string{"internal/kernel", "data", "evaluation/metrics", "internal/runfile", "cmd"} {
			assert.False(t, within(pkg, p), "%s imports %s", pkg, imported)
		}
	})
	imports(t, func(pkg, imported string) {
		if own, ok := strings.CutPrefix(imported, "euryale/"); ok && (pkg == "data" || strings.HasPrefix(pkg, "data/")) {
			assert.True(t, own == "internal/runfile" || own == "internal/mapped" || strings.HasPrefix(own, "data/"), "%s imports %s, and data should know nothing of graphs and models", pkg, own)
		}
	})
}
