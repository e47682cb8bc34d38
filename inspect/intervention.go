package inspect

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Intervention changes the value of taps while a model runs.
type Intervention struct {
	Path  string // of the tap, or a pattern of path.Match: * stands for a name of a path
	At    string // positions, as 5, -1, 3:7 or 0,4:6; those below 0 count from the prompt's end; empty: all
	Op    string // "=", "+=" or "*="
	Value Value
}

// Value is the operand of an intervention: a number, or a table times Scale. A table has one row,
// for all positions, or a row for each position from 0; positions beyond it are not changed.
type Value struct {
	Scale float64
	Of    string // empty: the number Scale, or Table; Mean, Patch, or a file that a tap was saved in
	Table *Array // nil: none
}

// Names of tables.
const (
	Mean  = "mean"  // the tap's mean over the positions of the prompt, without interventions; one row
	Patch = "patch" // the tap over another prompt, without interventions; a row for each position
)

// Number returns the value x.
func Number(x float64) Value { return Value{Scale: x} }

// Times returns scale times a table: Mean, Patch or the name of a file.
func Times(scale float64, of string) Value { return Value{Scale: scale, Of: of} }

// Vector returns scale times a table of one row.
func Vector(scale float64, row []float32) Value {
	return Value{Scale: scale, Table: &Array{Shape: []int{1, len(row)}, Data: row}}
}

// String returns the intervention as Parse reads it.
func (v Intervention) String() string {
	at := ""
	if v.At != "" {
		at = "@" + v.At
	}
	return v.Path + at + " " + v.Op + " " + v.Value.String()
}

// String returns the value as Parse reads it.
func (v Value) String() string {
	of := v.Of
	if v.Table != nil {
		of = fmt.Sprint("table", v.Table.Shape)
	}
	switch {
	case of == "":
		return strconv.FormatFloat(v.Scale, 'g', -1, 64)
	case v.Scale == 1:
		return of
	}
	return strconv.FormatFloat(v.Scale, 'g', -1, 64) + "*" + of
}

var syntax = regexp.MustCompile(`^\s*([^\s@=]+?)\s*(?:@\s*([-0-9:, ]+?))?\s*([-+*/]?=)\s*(\S.*?)\s*$`)

// Parse returns the intervention in a text such as "h1/att/head3 *= 0", "h2/resid@5 = patch" or
// "h*/mlp@3: += 4*steer.npz": PATH, @POSITIONS, an op and a value.
func Parse(text string) (Intervention, error) {
	m := syntax.FindStringSubmatch(text)
	if m == nil {
		return Intervention{}, fmt.Errorf("the intervention %q is not PATH[@POSITIONS] OP VALUE, as \"h1/att/head3 *= 0\" or \"h2/resid@5 = patch\"", text)
	}
	v := Intervention{Path: m[1], At: strings.ReplaceAll(m[2], " ", ""), Op: m[3]}
	fail := func(err error) (Intervention, error) {
		return Intervention{}, fmt.Errorf("the intervention %q: %w", text, err)
	}
	if err := v.checkOp(); err != nil {
		return fail(err)
	}
	if _, err := ranges(v.At); err != nil {
		return fail(err)
	}
	var err error
	if v.Value, err = parseValue(m[4]); err != nil {
		return fail(err)
	}
	return v, nil
}

func (v Intervention) checkOp() error {
	switch v.Op {
	case "=", "+=", "*=":
		return nil
	case "-=":
		return errors.New("there is no op -=: add a negative number, or -1*FILE")
	}
	return fmt.Errorf("there is no op %q: =, += or *=", v.Op)
}

// parseValue returns the value in a text: X, NAME or X*NAME.
func parseValue(text string) (Value, error) {
	if x, err := strconv.ParseFloat(text, 64); err == nil {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return Value{}, fmt.Errorf("the value is %s, want a finite number", text)
		}
		return Number(x), nil
	}
	if factor, of, ok := strings.Cut(text, "*"); ok {
		if x, err := strconv.ParseFloat(strings.TrimSpace(factor), 64); err == nil && strings.TrimSpace(of) != "" {
			return Times(x, strings.TrimSpace(of)), nil
		}
	}
	return Times(1, text), nil
}
