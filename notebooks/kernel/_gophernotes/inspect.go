package main

import (
	"fmt"
	"strings"
	"unicode"

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
	runes := []rune(code)
	end := int(cursor)
	if end < 0 || end > len(runes) {
		end = len(runes)
	}
	text := about(kernel.ir, selector(runes, end))
	if text == "" {
		text = about(kernel.ir, selector(runes, callBefore(runes, end)))
	}
	reply := map[string]interface{}{"status": "ok", "found": text != "", "data": MIMEMap{}, "metadata": MIMEMap{}}
	if text != "" {
		reply["data"] = MIMEMap{MIMETypeText: text}
	}
	return receipt.Reply("inspect_reply", reply)
}

// inName reports whether r is part of an identifier.
func inName(r rune) bool { return r == '_' || r > 127 || unicode.IsLetter(r) || unicode.IsDigit(r) }

// selector returns the identifiers, joined by dots, that the cursor is in or behind. Behind
// anything else it is the function whose call is around the cursor.
func selector(code []rune, cursor int) []string {
	end := cursor
	for end < len(code) && inName(code[end]) {
		end++
	}
	if end == 0 || !inName(code[end-1]) {
		end = callBefore(code, cursor)
	}
	begin := end
	for begin > 0 && (inName(code[begin-1]) || code[begin-1] == '.') {
		begin--
	}
	return strings.Split(strings.Trim(string(code[begin:end]), "."), ".")
}

// callBefore returns the place of the open parenthesis before the cursor, or 0.
func callBefore(code []rune, cursor int) int {
	depth := 0
	for i := cursor - 1; i >= 0; i-- {
		switch {
		case code[i] == ')':
			depth++
		case code[i] == '(' && depth > 0:
			depth--
		case code[i] == '(':
			return i
		}
	}
	return 0
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
			if text := docs.Text[imp.Path]; text != "" {
				return text
			}
			return fmt.Sprintf("package %s %q", imp.Name, imp.Path)
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
