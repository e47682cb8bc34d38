package main

import (
	"go/ast"
	"go/token"
)

// perIteration rewrites the for loops of a cell whose bodies make closures or take addresses, so
// that each iteration has variables of its own, as in Go since version 1.22. The interpreter has
// one for all.
func perIteration(node ast.Node) {
	ast.Inspect(node, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BlockStmt:
			rewriteLoops(n.List)
		case *ast.CaseClause:
			rewriteLoops(n.Body)
		case *ast.CommClause:
			rewriteLoops(n.Body)
		}
		return true
	})
}

func rewriteLoops(list []ast.Stmt) {
	for i, stmt := range list {
		list[i] = rewriteLoop(stmt)
	}
}

// rewriteLoop returns the statement that a loop is replaced with.
func rewriteLoop(stmt ast.Stmt) ast.Stmt {
	switch loop := stmt.(type) {
	case *ast.LabeledStmt:
		switch inner := rewriteLoop(loop.Stmt).(type) {
		case *ast.BlockStmt: // the label stays with the loop
			last := len(inner.List) - 1
			loop.Stmt, inner.List[last] = inner.List[last], loop
			return inner
		}
	case *ast.RangeStmt:
		if vars := variables(loop.Tok, loop.Key, loop.Value); len(vars) > 0 && captures(loop.Body, vars) {
			loop.Body.List = append([]ast.Stmt{copies(loop.Body.Lbrace, vars)}, loop.Body.List...)
		}
	case *ast.ForStmt:
		init, ok := loop.Init.(*ast.AssignStmt)
		if !ok {
			break
		}
		if vars := variables(init.Tok, init.Lhs...); len(vars) > 0 && captures(loop.Body, vars) {
			return forLoop(loop, init, vars)
		}
	}
	return stmt
}

// forLoop returns
//
//	{
//		i := 0
//		i·last, i·first := &i, true
//		for ; ; i·first = false {
//			i := *i·last
//			i·last = &i
//			if !i·first { i++ }
//			if !(i < n) { break }
//			… // the body
//		}
//	}
//
// for the loop for i := 0; i < n; i++.
func forLoop(loop *ast.ForStmt, init *ast.AssignStmt, vars []string) ast.Stmt {
	at := loop.Pos()
	id := func(name string) *ast.Ident { return &ast.Ident{NamePos: at, Name: name} }
	assign := func(tok token.Token, to, from ast.Expr) ast.Stmt {
		return &ast.AssignStmt{Lhs: []ast.Expr{to}, TokPos: at, Tok: tok, Rhs: []ast.Expr{from}}
	}
	block := func(stmts ...ast.Stmt) *ast.BlockStmt {
		return &ast.BlockStmt{Lbrace: at, List: stmts, Rbrace: loop.End() - 1}
	}
	not := func(x ast.Expr) ast.Expr {
		return &ast.UnaryExpr{OpPos: at, Op: token.NOT, X: &ast.ParenExpr{Lparen: at, X: x, Rparen: x.End()}}
	}
	last := func(name string) *ast.Ident { return id(name + "·last") }
	first := id(vars[0] + "·first")

	outer := block(init, assign(token.DEFINE, first, id("true")))
	var body []ast.Stmt
	for _, v := range vars {
		outer.List = append(outer.List, assign(token.DEFINE, last(v), &ast.UnaryExpr{OpPos: at, Op: token.AND, X: id(v)}))
		body = append(body,
			assign(token.DEFINE, id(v), &ast.StarExpr{Star: at, X: last(v)}),
			assign(token.ASSIGN, last(v), &ast.UnaryExpr{OpPos: at, Op: token.AND, X: id(v)}))
	}
	if loop.Post != nil {
		body = append(body, &ast.IfStmt{If: at, Cond: not(first), Body: block(loop.Post)})
	}
	if loop.Cond != nil {
		body = append(body, &ast.IfStmt{If: at, Cond: not(loop.Cond), Body: block(&ast.BranchStmt{TokPos: at, Tok: token.BREAK})})
	}
	loop.Body.List = append(body, loop.Body.List...)
	loop.Init, loop.Cond, loop.Post = nil, nil, assign(token.ASSIGN, first, id("false"))
	outer.List = append(outer.List, loop)
	return outer
}

// variables returns the names that := declares.
func variables(tok token.Token, lhs ...ast.Expr) (names []string) {
	for _, x := range lhs {
		if id, ok := x.(*ast.Ident); ok && tok == token.DEFINE && id.Name != "_" {
			names = append(names, id.Name)
		}
	}
	return names
}

// copies returns i, x := i, x.
func copies(at token.Pos, vars []string) ast.Stmt {
	stmt := &ast.AssignStmt{TokPos: at, Tok: token.DEFINE}
	for _, v := range vars {
		stmt.Lhs = append(stmt.Lhs, &ast.Ident{NamePos: at, Name: v})
		stmt.Rhs = append(stmt.Rhs, &ast.Ident{NamePos: at, Name: v})
	}
	return stmt
}

// captures reports whether a closure in the body names one of vars, or the body takes the address
// of one.
func captures(body *ast.BlockStmt, vars []string) bool {
	found := false
	names := func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			for _, v := range vars {
				found = found || id.Name == v
			}
		}
		return !found
	}
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			ast.Inspect(n.Body, names)
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				ast.Inspect(n.X, names)
			}
		}
		return !found
	})
	return found
}

// rewriteTop rewrites the loops of a cell, those at top level included.
func rewriteTop(nodes []ast.Node) {
	for i, node := range nodes {
		perIteration(node)
		if stmt, ok := node.(ast.Stmt); ok {
			nodes[i] = rewriteLoop(stmt)
		}
	}
}
