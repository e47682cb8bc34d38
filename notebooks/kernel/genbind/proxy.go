package main

import (
	"fmt"
	"go/types"
	"strings"
)

// method is one method of a proxy, as Go source.
type method struct{ name, params, args, results string }

// proxy writes a struct of functions that implements t for interpreted types.
func (w *writer) proxy(id string, t *types.Interface) {
	var ms []method
	for i := range t.NumMethods() {
		ms = append(ms, w.method(t.Method(i)))
	}
	fmt.Fprintf(&w.decls, "\ntype %s struct {\n\tObject interface{}\n", id)
	for _, m := range ms {
		sep := ""
		if m.params != "" {
			sep = ", "
		}
		fmt.Fprintf(&w.decls, "\t%s_ func(o interface{}%s%s) %s\n", m.name, sep, m.params, m.results)
	}
	w.decls.WriteString("}\n")
	for _, m := range ms {
		ret, sep := "", ""
		if m.results != "()" {
			ret = "return "
		}
		if m.args != "" {
			sep = ", "
		}
		fmt.Fprintf(&w.decls, "\nfunc (p *%s) %s(%s) %s { %sp.%s_(p.Object%s%s) }\n", id, m.name, m.params, m.results, ret, m.name, sep, m.args)
	}
}

func (w *writer) method(m *types.Func) method {
	sig := m.Signature()
	var params, args, results []string
	for i := range sig.Params().Len() {
		p, arg := sig.Params().At(i).Type(), fmt.Sprintf("a%d", i)
		if sig.Variadic() && i == sig.Params().Len()-1 {
			params = append(params, arg+" ..."+types.TypeString(p.(*types.Slice).Elem(), w.qualify))
			arg += "..."
		} else {
			params = append(params, arg+" "+types.TypeString(p, w.qualify))
		}
		args = append(args, arg)
	}
	for i := range sig.Results().Len() {
		results = append(results, types.TypeString(sig.Results().At(i).Type(), w.qualify))
	}
	return method{m.Name(), strings.Join(params, ", "), strings.Join(args, ", "), "(" + strings.Join(results, ", ") + ")"}
}
