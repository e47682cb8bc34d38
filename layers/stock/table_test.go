package stock

import (
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// aside are functions that return nodes and make none.
var aside = []string{"Must", "NewUniqueNode", "NodeFromAny", "NodesFromInputs", "Sort", "UnstableSort"}

// otherTests are functions that trials cannot test, and the tests that do.
var otherTests = map[string]string{
	"ApplyOp": "every trial", "ApplyOpWithName": "every trial: it is ApplyOp", "Backpropagate": "every trial: it is what Grad calls",
	"Grad": "every trial, TestSecondGradIsTheFirst", "Read": "every trial", "Broadcast": "the trials of BroadcastAdd and its like",
	"NewMatrix": "TestUnnamedInputsAreOne", "NewScalar": "TestUnnamedInputsAreOne", "NewTensor": "TestUnnamedInputsAreOne", "NewVector": "TestUnnamedInputsAreOne",
	"NewConstant": "TestLongConstantsAreOne", "OneHotVector": "TestLongConstantsAreOne", "Set": "TestSetDoesNotRun",
	"UniformRandomNode": "TestRandomNodesAreOne", "GaussianRandomNode": "TestRandomNodesAreOne", "BinomialRandomNode": "TestRandomNodesAreOne",
}

// Every exported function of Gorgonia that makes nodes has a verdict, and every verdict
// has been tried.
func TestNothingIsForgotten(t *testing.T) {
	tried := map[string]bool{}
	for _, c := range trials() {
		tried[c.op] = true
	}
	found := makers(t)
	require.Greater(t, len(found), 100)
	for _, name := range found {
		if !slices.Contains(aside, name) {
			assert.NotNil(t, Find(name), "Table has no row of gorgonia.%s: try it, and add one", name)
		}
	}
	for i, o := range Table {
		isSolver := slices.Contains(solverNames(), o.Name)
		assert.True(t, isSolver || slices.Contains(found, o.Name), "gorgonia.%s makes no node", o.Name)
		assert.True(t, isSolver || tried[o.Name] || otherTests[o.Name] != "", "nothing tries %s", o.Name)
		assert.True(t, i == 0 || Table[i-1].Name < o.Name, "%s is out of order", o.Name)
		assert.True(t, o.Verdict == Right || o.Why != "", "%s: why %s?", o.Name, o.Verdict)
	}
}

// makers are the exported functions of Gorgonia's sources that return nodes.
func makers(t *testing.T) (names []string) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "gorgonia.org/gorgonia").Output()
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "*.go"))
	require.NoError(t, err)
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") || needsCUDA(t, path) {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.IsExported() && returnsNodes(f.Type) {
				names = append(names, f.Name.Name)
			}
		}
	}
	return names
}

// needsCUDA tells whether a file is built with the tag cuda only.
func needsCUDA(t *testing.T, path string) bool {
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	for line := range strings.Lines(string(raw)) {
		if strings.HasPrefix(line, "package ") {
			return false
		}
		if constraint.IsGoBuild(line) || constraint.IsPlusBuild(line) {
			c, err := constraint.Parse(strings.TrimSpace(line))
			require.NoError(t, err)
			if !c.Eval(func(tag string) bool { return tag == "amd64" || tag == "linux" }) && c.Eval(func(tag string) bool { return tag != "darwin" }) {
				return true
			}
		}
	}
	return false
}

func returnsNodes(f *ast.FuncType) bool {
	if f.Results == nil {
		return false
	}
	for _, r := range f.Results.List {
		switch x := r.Type.(type) {
		case *ast.StarExpr:
			if id, ok := x.X.(*ast.Ident); ok && id.Name == "Node" {
				return true
			}
		case *ast.Ident:
			if x.Name == "Nodes" {
				return true
			}
		}
	}
	return false
}
