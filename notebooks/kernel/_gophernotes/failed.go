package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/token"

	"github.com/cosmos72/gomacro/base"
	"github.com/cosmos72/gomacro/fast"
)

// failed has the variables that a cell declared and, since it failed, did not set: the name of
// the cell for each.
var failed = map[string]string{}

// cellName is the file name of the n-th execution in positions.
func cellName(n int) string { return fmt.Sprintf("cell[%d]", n) }

// placed returns the error of a panic, with the cell and the line of the innermost statement and
// of the cell's own. last is the cell's last statement, or not valid.
func placed(ir *fast.Interp, panicked interface{}, stack []token.Pos, last token.Pos) error {
	text := fmt.Sprint(panicked)
	if panicked == base.SigInterrupt || current.wasInterrupted() {
		text = "interrupted"
	}
	if last.IsValid() && (len(stack) == 0 || place(ir, stack[len(stack)-1]).Filename != ir.Comp.Filepath) {
		stack = append(stack, last) // an expression, which is no statement
	}
	if len(stack) == 0 {
		return errors.New(text)
	}
	in, out := place(ir, stack[0]), place(ir, stack[len(stack)-1])
	text = fmt.Sprintf("%s:%d: %s", in.Filename, in.Line, text)
	if in.Filename != out.Filename || in.Line != out.Line {
		text += fmt.Sprintf(" (called at %s:%d)", out.Filename, out.Line)
	}
	return errors.New(text)
}

func place(ir *fast.Interp, pos token.Pos) token.Position { return ir.Comp.Fileset.Position(pos) }

// markFailed remembers the variables that the nodes of a cell declare at the statement that
// panicked, or after it.
func markFailed(ir *fast.Interp, nodes []ast.Node) {
	at := nodes[len(nodes)-1].Pos()
	if stack := ir.Stack(); len(stack) > 0 && place(ir, stack[len(stack)-1]).Filename == ir.Comp.Filepath {
		at = stack[len(stack)-1]
	}
	for _, node := range nodes {
		if node.End() <= at {
			continue
		}
		for _, name := range declared(node) {
			if name != "_" && zero(ir, name) {
				failed[name] = ir.Comp.Filepath
			}
		}
	}
}

// checkFailed panics if the cell uses a variable that a failed cell did not set.
func checkFailed(ir *fast.Interp, nodes []ast.Node) {
	for _, node := range nodes {
		names := declared(node)
		set := map[*ast.Ident]bool{}
		if assign, ok := node.(*ast.AssignStmt); ok {
			for _, x := range assign.Lhs {
				if id, ok := x.(*ast.Ident); ok && assign.Tok == token.ASSIGN {
					names, set[id] = append(names, id.Name), true
				}
			}
		}
		ast.Inspect(node, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				ast.Inspect(n.X, func(x ast.Node) bool { return use(ir, x, names, set) })
				return false
			default:
				return use(ir, n, names, set)
			}
		})
		for _, name := range names {
			delete(failed, name)
		}
	}
}

// use panics if n is the name of a variable that is not set, and not among names.
func use(ir *fast.Interp, n ast.Node, names []string, set map[*ast.Ident]bool) bool {
	id, ok := n.(*ast.Ident)
	if !ok || local(id) || set[id] || failed[id.Name] == "" {
		return true
	}
	for _, name := range names {
		if name == id.Name {
			return true
		}
	}
	if !zero(ir, id.Name) {
		delete(failed, id.Name)
		return true
	}
	panic(fmt.Errorf("%s:%d: %s was declared in %s, which failed before it was set: run that cell again",
		ir.Comp.Filepath, place(ir, id.Pos()).Line, id.Name, failed[id.Name]))
}

// local reports whether the parser found the declaration of the name in the cell.
func local(id *ast.Ident) bool { return id.Obj != nil && id.Obj.Kind != ast.Bad }

// zero reports whether the variable exists and has its zero value.
func zero(ir *fast.Interp, name string) bool {
	sym := ir.Comp.TryResolve(name)
	if sym == nil || sym.Const() {
		return false
	}
	v := ir.ValueOf(name)
	return !v.IsValid() || v.ReflectValue().IsZero()
}

// declared returns the variables and functions that a node declares.
func declared(node ast.Node) (names []string) {
	switch node := node.(type) {
	case *ast.AssignStmt:
		for _, x := range node.Lhs {
			if id, ok := x.(*ast.Ident); ok && node.Tok == token.DEFINE {
				names = append(names, id.Name)
			}
		}
	case *ast.DeclStmt:
		return declared(node.Decl)
	case *ast.FuncDecl:
		if node.Recv == nil {
			names = append(names, node.Name.Name)
		}
	case *ast.GenDecl:
		for _, spec := range node.Specs {
			if spec, ok := spec.(*ast.ValueSpec); ok && node.Tok == token.VAR {
				for _, id := range spec.Names {
					names = append(names, id.Name)
				}
			}
		}
	}
	return names
}
