package modeltest

import "fmt"

// Fault is the error of a check that has found a mistake in a model.
type Fault struct {
	Layer string // path of the layer or parameter where it shows first; "" if it is not known
	Op    string // op of that layer, such as "linear"; "" for a parameter
	Line  string // file and line that declared it
	Seen  string // what was observed, with numbers
	Cause string // what usually causes it, and what to do
}

func (f *Fault) Error() string {
	if f.Cause == "" {
		return f.Seen
	}
	return f.Seen + ": " + f.Cause
}

// faultf returns a Fault without a layer. What was seen is formatted.
func faultf(cause, format string, args ...any) *Fault {
	return &Fault{Seen: fmt.Sprintf(format, args...), Cause: cause}
}

// at returns the fault with a layer.
func (f *Fault) at(p place) *Fault {
	f.Layer, f.Op, f.Line = p.layer, p.op, p.line
	return f
}
