package modeltest

import (
	"errors"
	"fmt"
	"strings"

	"euryale/layers/graph"
	"euryale/layers/ops"
)

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

// placeOf returns the layer that an error of a run names, or else other.
func placeOf(err error, g *graph.Graph, other func() place) place {
	var failed *ops.RunError
	if !errors.As(err, &failed) {
		return other()
	}
	layer, op := "", failed.Path
	if i := strings.LastIndexByte(failed.Path, '/'); i >= 0 {
		layer, op = failed.Path[:i], failed.Path[i+1:]
	}
	return place{layer: layer, op: op, line: g.Declared(layer)}
}
