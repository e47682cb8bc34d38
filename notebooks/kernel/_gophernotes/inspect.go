package main

import (
	"fmt"
	"strings"

	"euryale/notebooks/kernel/docs"

	"github.com/cosmos72/gomacro/fast"
	"github.com/cosmos72/gomacro/xreflect"
)

// handleInspectRequest answers Shift-Tab: the declaration and the doc comment of what the cursor
// is at, or the type of a variable.
func (kernel *Kernel) handleInspectRequest(receipt msgReceipt) error {
	content := receipt.Msg.Content.(map[string]interface{})
	code, _ := content["code"].(string)
	cursor, _ := content["cursor_pos"].(float64)
	text := about(kernel.ir, selector([]rune(code), int(cursor)))
	reply := map[string]interface{}{"status": "ok", "found": text != "", "data": MIMEMap{}, "metadata": MIMEMap{}}
	if text != "" {
		reply["data"] = MIMEMap{MIMETypeText: text}
	}
	return receipt.Reply("inspect_reply", reply)
}

// selector returns the identifiers, joined by dots, that the cursor is in or behind. Behind an
// open parenthesis it is the function that is called.
func selector(code []rune, cursor int) []string {
	part := func(r rune) bool {
		return r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r > 127
	}
	end := cursor
	if end < 0 || end > len(code) {
		end = len(code)
	}
	for end < len(code) && part(code[end]) {
		end++
	}
	if end == 0 || !part(code[end-1]) {
		for depth := 0; end > 0; end-- { // back to the call around the cursor
			if r := code[end-1]; r == ')' {
				depth++
			} else if r == '(' && depth > 0 {
				depth--
			} else if r == '(' {
				end--
				break
			}
		}
	}
	begin := end
	for begin > 0 && (part(code[begin-1]) || code[begin-1] == '.') {
		begin--
	}
	return strings.Split(strings.Trim(string(code[begin:end]), "."), ".")
}

// about returns the text on names: a package's member, a variable, or a field or method of one.
func about(ir *fast.Interp, names []string) string {
	sym := ir.Comp.TryResolve(names[0])
	if sym == nil {
		if t := ir.Comp.TryResolveType(names[0]); t != nil {
			return aboutType(names[0], t, names[1:])
		}
		return ""
	}
	if imp, ok := sym.Value.(*fast.Import); ok {
		if len(names) == 1 {
			return docs.Text[imp.Path]
		}
		if text := docs.Text[imp.Path+"."+strings.Join(names[1:], ".")]; text != "" {
			return text
		}
		if bind := imp.Binds[names[1]]; bind != nil {
			return aboutType(names[1], bind.Type, names[2:])
		}
		return ""
	}
	return aboutType(names[0], sym.Type, names[1:])
}

// aboutType returns the text on a variable of type t, or on a field or method of it.
func aboutType(name string, t xreflect.Type, path []string) string {
	if t == nil {
		return ""
	}
	base := t
	if t.Kind() == xreflect.Ptr {
		base = t.Elem()
	}
	if len(path) == 0 {
		return strings.TrimSpace(fmt.Sprintf("%s %v\n\n%s", name, t, docs.Text[base.PkgPath()+"."+base.Name()]))
	}
	if text := docs.Text[base.PkgPath()+"."+base.Name()+"."+path[0]]; text != "" && len(path) == 1 {
		return text
	}
	if f, n := base.FieldByName(path[0], ""); n == 1 {
		return aboutType(path[0], f.Type, path[1:])
	}
	if m, n := base.MethodByName(path[0], ""); n == 1 && len(path) == 1 {
		return fmt.Sprintf("func (%v) %s %v", t, path[0], m.Type)
	}
	return ""
}
