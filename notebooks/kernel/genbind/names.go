package main

import (
	"go/types"
	"strings"
)

// generic reports whether t needs type arguments, or is a constraint.
func generic(t types.Type) bool {
	switch t := t.(type) {
	case *types.Alias:
		if t.TypeParams().Len() > 0 {
			return true
		}
	case *types.Named:
		if t.TypeParams().Len() > 0 && t.TypeArgs().Len() == 0 {
			return true
		}
	}
	u, ok := t.Underlying().(*types.Interface)
	return ok && !u.IsMethodSet()
}

// promoted returns the exported methods that are promoted from embedded fields.
func promoted(t types.Type) []string {
	var out []string
	ms := types.NewMethodSet(types.NewPointer(t))
	for i := 0; i < ms.Len(); i++ {
		if s := ms.At(i); s.Obj().Exported() && len(s.Index()) > 1 {
			out = append(out, s.Obj().Name())
		}
	}
	return out
}

// proxyable reports whether a type outside the package can implement t.
func (w *writer) proxyable(t *types.Interface) bool {
	if t.NumMethods() == 0 {
		return false
	}
	for i := 0; i < t.NumMethods(); i++ {
		m := t.Method(i)
		if !m.Exported() || !w.nameable(m.Signature().Params()) || !w.nameable(m.Signature().Results()) {
			return false
		}
	}
	return true
}

func (w *writer) nameable(tup *types.Tuple) bool {
	for i := 0; i < tup.Len(); i++ {
		ok := true
		// TypeString calls the function for every package that the file would have to name.
		types.TypeString(tup.At(i).Type(), func(p *types.Package) string {
			if p != w.pkg && (strings.Contains("/"+p.Path()+"/", "/internal/") || p.Name() == "main") {
				ok = false
			}
			return ""
		})
		if !ok || hidden(tup.At(i).Type(), map[types.Type]bool{}) {
			return false
		}
	}
	return true
}

// hidden reports whether t refers to an unexported named type.
func hidden(t types.Type, seen map[types.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	switch t := t.(type) {
	case *types.Alias:
		return t.Obj().Pkg() != nil && !t.Obj().Exported()
	case *types.Named:
		for i := 0; i < t.TypeArgs().Len(); i++ {
			if hidden(t.TypeArgs().At(i), seen) {
				return true
			}
		}
		return t.Obj().Pkg() != nil && !t.Obj().Exported()
	case *types.Map:
		return hidden(t.Key(), seen) || hidden(t.Elem(), seen)
	case interface{ Elem() types.Type }:
		return hidden(t.Elem(), seen)
	case *types.Signature:
		return hiddenIn(t.Params(), seen) || hiddenIn(t.Results(), seen)
	case *types.Struct:
		for i := 0; i < t.NumFields(); i++ {
			if !t.Field(i).Exported() || hidden(t.Field(i).Type(), seen) {
				return true
			}
		}
	case *types.Interface:
		for i := 0; i < t.NumMethods(); i++ {
			if hidden(t.Method(i).Type(), seen) {
				return true
			}
		}
	}
	return false
}

func hiddenIn(tup *types.Tuple, seen map[types.Type]bool) bool {
	for i := range tup.Len() {
		if hidden(tup.At(i).Type(), seen) {
			return true
		}
	}
	return false
}
