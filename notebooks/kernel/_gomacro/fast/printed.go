package fast

import (
	"fmt"
	r "reflect"

	"github.com/cosmos72/gomacro/base/reflect"
	xr "github.com/cosmos72/gomacro/xreflect"
)

// proxy_Stringer implements fmt.Stringer for interpreted types.
type proxy_Stringer struct {
	Object  interface{}
	String_ func(interface{}) string
}

func (p *proxy_Stringer) String() string { return p.String_(p.Object) }

// printed is a value of an interpreted type with a method String, as package fmt sees it. The
// first field is that of proxies, so that type assertions find the value.
type printed struct {
	Object interface{}
	text   func() string
}

// printedError is a value of an interpreted type with a method Error.
type printedError struct {
	Object interface{}
	*printed
}

func (p *printedError) Error() string { return p.text() }

// Format writes the text for %v, %s and %q, and the value for other verbs.
func (p *printed) Format(s fmt.State, verb rune) {
	format := fmt.FormatString(s, verb)
	switch {
	case verb == 'v' && !s.Flag('#'), verb == 's', verb == 'q':
		fmt.Fprintf(s, format, p.text())
	default:
		fmt.Fprintf(s, format, reflect.ValueInterface(p.Object.(xr.InterfaceHeader).Value()))
	}
}

// loadPrinted makes the types above known as proxies.
func (c *Comp) loadPrinted() {
	stringer := c.Universe.FromReflectType(r.TypeOf((*fmt.Stringer)(nil)).Elem())
	c.loadProxy("Stringer", r.TypeOf(proxy_Stringer{}), stringer)
	c.proxy2interf[r.TypeOf(printed{})] = stringer
	c.proxy2interf[r.TypeOf(printedError{})] = c.TypeOfError()
}

// Printer returns a function that wraps values of the interpreted type t, so that package fmt
// calls its method Error or String, or nil if t has none.
func (c *Comp) Printer(t xr.Type) func(xr.Value) xr.Value {
	if t == nil || t.Kind() == r.Interface {
		return nil
	}
	for _, interf := range []r.Type{r.TypeOf((*error)(nil)).Elem(), r.TypeOf((*fmt.Stringer)(nil)).Elem()} {
		xinterf := c.Universe.FromReflectType(interf)
		if t.ReflectType().Implements(interf) { // a compiled type
			return nil
		}
		if !t.Implements(xinterf) {
			continue
		}
		conv := c.Converter(t, xinterf)
		return func(v xr.Value) xr.Value {
			p := printed{Object: xr.MakeInterfaceHeader(v, t)}
			switch x := conv(v).Interface().(type) {
			case error:
				p.text = x.Error
				return xr.ValueOf(&printedError{p.Object, &p})
			case fmt.Stringer:
				p.text = x.String
			}
			return xr.ValueOf(&p)
		}
	}
	return nil
}

// print compiles the conversion of arg to an element of ...interface{}, the parameters of
// fmt.Println and its like. It reports whether arg has a method Error or String.
func (c *Comp) print(arg *Expr, elem xr.Type) bool {
	if elem.Kind() != r.Interface || elem.NumMethod() != 0 {
		return false
	}
	wrap := c.Printer(arg.Type)
	if wrap == nil {
		return false
	}
	fun, rtype := arg.AsX1(), elem.ReflectType()
	*arg = *exprX1(elem, func(env *Env) xr.Value { return convert(wrap(fun(env)), rtype) })
	return true
}
