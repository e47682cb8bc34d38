package house

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var drawn = regexp.MustCompile(`(?m)^\t(\w+)(?:\["[^"]*"\])? --> (\w+)`)

// drawnPackages are the packages of the picture's boxes.
var drawnPackages = map[string]string{"cmd": "cmd", "training": "training", "generation": "generation", "models": "models", "data": "data",
	"draw": "layers/draw", "layers": "layers", "graph": "layers/graph", "ops": "layers/ops", "stock": "layers/stock", "kernel": "internal/kernel",
	"matmul": "internal/kernel/matmul", "vec": "internal/kernel/vec", "parallel": "internal/kernel/parallel", "openblas": "internal/kernel/openblas",
	"tokenizer": "data/tokenizer", "textfile": "data/textfile", "store": "data/store", "task": "data/task", "record": "data/record", "tales": "data/tales",
	"experiment": "experiment", "modeltest": "models/modeltest", "evaluation": "evaluation", "metrics": "evaluation/metrics", "interchange": "interchange", "rundir": "training/rundir",
	"limits": "internal/limits", "serving": "serving", "inspect": "inspect"}

// boxOf is the box of the picture that a package belongs to, or "".
func boxOf(pkg string) (box string) {
	longest := 0
	for b, p := range drawnPackages {
		if (pkg == p || strings.HasPrefix(pkg, p+"/")) && len(p) > longest {
			box, longest = b, len(p)
		}
	}
	return box
}

// The picture of imports shows imports that are there, and every import between its boxes
// goes along its arrows.
func TestPictureOfImports(t *testing.T) {
	arrows := map[string]map[string]bool{}
	for _, m := range drawn.FindAllStringSubmatch(readPage(t, filepath.Join(root, "docs", "architecture.md")), -1) {
		if arrows[m[1]] == nil {
			arrows[m[1]] = map[string]bool{}
		}
		require.Contains(t, drawnPackages, m[2])
		arrows[m[1]][m[2]] = true
	}
	var reaches func(from, to string) bool
	reaches = func(from, to string) bool {
		for next := range arrows[from] {
			if next == to || reaches(next, to) {
				return true
			}
		}
		return false
	}
	there := map[[2]string]bool{}
	imports(t, func(pkg, imported string) {
		own, ok := strings.CutPrefix(imported, "euryale/")
		from, to := boxOf(pkg), boxOf(own)
		if !ok || from == "" || to == "" || from == to {
			return
		}
		there[[2]string{from, to}] = true
		assert.True(t, reaches(from, to), "%s imports %s, and no arrow of docs/architecture.md leads there", pkg, own)
	})
	for from, tos := range arrows {
		for to := range tos {
			assert.True(t, there[[2]string{from, to}], "docs/architecture.md draws %s → %s, and nothing there imports it", from, to)
		}
	}
}
