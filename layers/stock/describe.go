package stock

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// CallError is an error of a function of Gorgonia, with the line of the call.
type CallError struct {
	Func string // of package gorgonia
	File string // name of the file that called it
	Line int    // 0 if there are no lines: an interpreter called it
	Err  error
}

func (e *CallError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("gorgonia.%s in %s: %v", e.Func, e.File, cause(e.Err))
	}
	return fmt.Sprintf("gorgonia.%s at %s:%d: %v", e.Func, e.File, e.Line, cause(e.Err))
}

// Unwrap returns Gorgonia's error.
func (e *CallError) Unwrap() error { return e.Err }

// Describe returns err with the function of package gorgonia that failed and the line that
// called it, as a *CallError, without the messages that Gorgonia adds to the cause. Other errors,
// and the few of Gorgonia without a stack, are returned unchanged. The operands' shapes are not
// available: an op that fails makes no node.
func Describe(err error) error {
	var traced interface{ Format(fmt.State, rune) }
	if !errors.As(err, &traced) {
		return err
	}
	const stock = "gorgonia.org/gorgonia."
	lines := strings.Split(fmt.Sprintf("%+v", traced), "\n")
	called := "" // the outermost function of Gorgonia so far
	for i := 0; i+1 < len(lines); i++ {
		if strings.HasPrefix(lines[i], "\t") || !strings.HasPrefix(lines[i+1], "\t") {
			continue // a frame is a line with its function and a line with its file
		}
		switch f, inside := strings.CutPrefix(lines[i], stock); {
		case inside:
			called = f
		case called == "" || strings.HasPrefix(lines[i], "reflect."): // an interpreter calls through package reflect
		case strings.HasPrefix(lines[i], Interpreter):
			return &CallError{Func: called, File: Cell, Err: err}
		default:
			file, number, _ := strings.Cut(filepath.Base(lines[i+1]), ":")
			line, _ := strconv.Atoi(number)
			return &CallError{Func: called, File: file, Line: line, Err: err}
		}
	}
	return err
}

// Interpreter is the prefix of the functions that run a notebook's code, which has no lines, and
// Cell is what messages call the place of that code.
const (
	Interpreter = "github.com/cosmos72/gomacro/"
	Cell        = "a cell of the notebook"
)

// cause returns the innermost error.
func cause(err error) error {
	for {
		c, ok := err.(interface{ Cause() error })
		if !ok || c.Cause() == nil || c.Cause() == err {
			return err
		}
		err = c.Cause()
	}
}
