package serving

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/nikolalohinski/gonja/v2/builtins"
	controlStructures "github.com/nikolalohinski/gonja/v2/builtins/control_structures"
	"github.com/nikolalohinski/gonja/v2/config"
	"github.com/nikolalohinski/gonja/v2/exec"
	"github.com/nikolalohinski/gonja/v2/nodes"
	"github.com/nikolalohinski/gonja/v2/parser"
	"github.com/nikolalohinski/gonja/v2/tokens"
)

// language returns the part of Jinja that chat templates have: what it lacks could read files, call itself
// without end, or make a long text of a short one.
func language() *exec.Environment {
	statements := map[string]parser.ControlStructureParser{}
	for _, name := range []string{"for", "if", "set", "raw", "with", "break", "continue"} {
		parse, _ := builtins.ControlStructures.Get(name)
		statements[name] = limit(name, parse)
	}
	filters := map[string]exec.FilterFunction{}
	for _, name := range []string{"capitalize", "default", "d", "first", "items", "join", "last", "length", "count", "list", "lower", "rejectattr", "replace",
		"reverse", "safe", "selectattr", "string", "title", "trim", "upper"} {
		filters[name], _ = builtins.Filters.Get(name)
	}
	filters["join"], filters["replace"] = shortJoin(filters["join"]), shortReplace(filters["replace"])
	space, _ := builtins.GlobalFunctions.Get("namespace")
	return &exec.Environment{
		Context: exec.NewContext(map[string]any{"namespace": space, "range": numbers}),
		Filters: exec.NewFilterSet(filters), Tests: builtins.Tests, ControlStructures: exec.NewControlStructureSet(statements),
		Methods: exec.Methods{
			Str: some(builtins.Methods.Str, "capitalize", "count", "endswith", "find", "lower", "lstrip", "removeprefix", "removesuffix", "rfind",
				"rstrip", "split", "startswith", "strip", "title", "upper"),
			Dict: some(builtins.Methods.Dict, "get", "items", "keys", "values"),
			Bool: some[bool](nil), Int: some[int](nil), Float: some[float64](nil), List: some[[]any](nil),
		},
	}
}

// some returns the methods with these names.
func some[T any](all *exec.MethodSet[T], names ...string) *exec.MethodSet[T] {
	chosen := map[string]exec.Method[T]{}
	for _, name := range names {
		chosen[name], _ = all.Get(name)
	}
	return exec.NewMethodSet(chosen)
}

// maxTokens is the most tokens of an expression, which limits what it computes: chat templates have a few dozen.
const maxTokens = 256

// checkTokens returns an error for what a template must not have.
func checkTokens(source string, c *config.Config) error {
	stream := tokens.LexAll(source, c)
	long, statement := 0, false
	for ; !stream.End(); stream.Next() {
		t := stream.Current()
		switch t.Type {
		case tokens.BlockBegin, tokens.VariableBegin:
			long, statement = 0, t.Type == tokens.BlockBegin
			continue
		case tokens.Multiply, tokens.Power:
			return fmt.Errorf("line %d: %s is not supported", t.Line, t.Val)
		case tokens.Name:
			if statement && t.Val == "endset" {
				return fmt.Errorf("line %d: set without = is not supported", t.Line)
			}
		}
		statement = false
		if long++; long > maxTokens {
			return fmt.Errorf("line %d: an expression has more than %d tokens", t.Line, maxTokens)
		}
	}
	return nil
}

// allowance is what a rendering may still do.
type allowance struct {
	steps int // of loops
	until time.Time
}

// allowanceName is its variable in a template, in which no name can have a space.
const allowanceName = "the allowance"

var (
	errTooLong = fmt.Errorf("it makes more than %d bytes or steps", maxRendered)
	errTooSlow = fmt.Errorf("it takes longer than %v", maxRendering)
)

// take counts steps, and returns an error when there are no more, or no time.
func (a *allowance) take(steps int) error {
	if a.steps -= steps; a.steps < 0 {
		return errTooLong
	}
	if time.Now().After(a.until) {
		return errTooSlow
	}
	return nil
}

// limited is the text of a chat.
type limited struct {
	text strings.Builder
	left *allowance
}

func (l *limited) Write(p []byte) (int, error) {
	if l.text.Len()+len(p) > maxRendered {
		return 0, errTooLong
	}
	l.text.Write(p)
	return len(p), l.left.take(0)
}

// statement is a statement with limits: of the time, of the passes through loops, and of what is set.
type statement struct {
	exec.ControlStructure
	target string // the variable that it sets, or a part of it
}

// limit returns the parser of a statement with limits.
func limit(name string, parse parser.ControlStructureParser) parser.ControlStructureParser {
	return func(p, args *parser.Parser) (nodes.ControlStructure, error) {
		s := statement{}
		if t := args.Current(); name == "set" && t != nil {
			s.target = t.Val
		}
		parsed, err := parse(p, args)
		if err != nil {
			return nil, err
		}
		inner, ok := parsed.(exec.ControlStructure)
		if !ok {
			return parsed, nil
		}
		if f, ok := inner.(*controlStructures.ForControlStructure); ok && f.Recursive {
			return nil, errors.New("recursive loops are not supported")
		}
		s.ControlStructure = inner
		return s, nil
	}
}

func (s statement) Execute(r *exec.Renderer, tag *nodes.ControlStructureBlock) error {
	v, _ := r.Environment.Context.Get(allowanceName)
	left := v.(*allowance)
	steps := 1
	if f, ok := s.ControlStructure.(*controlStructures.ForControlStructure); ok {
		items := r.Eval(f.ObjectEvaluator)
		if items.IsError() {
			return items
		}
		steps += items.Len()
	}
	if err := left.take(steps); err != nil {
		return err
	}
	if err := s.ControlStructure.Execute(r, tag); err != nil || s.target == "" {
		return err
	}
	if v, _ := r.Environment.Context.Get(s.target); sizeWithin(reflect.ValueOf(v), maxRendered) < 0 {
		return errTooLong
	}
	return nil
}

// sizeWithin subtracts the size of a value, in bytes of texts and numbers of values, from left; less than 0:
// it is larger, or contains itself.
func sizeWithin(v reflect.Value, left int) int {
	left--
	if left < 0 || !v.IsValid() {
		return left
	}
	if v.Type() == reflect.TypeFor[reflect.Value]() && v.CanInterface() {
		return sizeWithin(v.Interface().(reflect.Value), left)
	}
	switch v.Kind() {
	case reflect.String:
		left -= v.Len()
	case reflect.Pointer, reflect.Interface:
		return sizeWithin(v.Elem(), left)
	case reflect.Slice, reflect.Array:
		for i := 0; i < v.Len() && left >= 0; i++ {
			left = sizeWithin(v.Index(i), left)
		}
	case reflect.Map:
		for it := v.MapRange(); left >= 0 && it.Next(); {
			left = sizeWithin(it.Value(), sizeWithin(it.Key(), left))
		}
	case reflect.Struct:
		for i := 0; i < v.NumField() && left >= 0; i++ {
			left = sizeWithin(v.Field(i), left)
		}
	}
	return left
}

// numbers is Jinja's range(end), range(start, end) and range(start, end, step).
func numbers(_ *exec.Evaluator, params *exec.VarArgs) ([]any, error) {
	at := [3]int{0, 0, 1}
	switch n := len(params.Args); n {
	case 1:
		at[1] = params.Args[0].Integer()
	case 2, 3:
		for i, a := range params.Args {
			at[i] = a.Integer()
		}
	default:
		return nil, fmt.Errorf("range has %d arguments, want 1 to 3", n)
	}
	if at[2] == 0 {
		return nil, errors.New("the step of range is 0")
	}
	list := []any{}
	for i := at[0]; at[2] > 0 && i < at[1] || at[2] < 0 && i > at[1]; i += at[2] {
		if list = append(list, i); len(list) > maxRendered {
			return nil, errTooLong
		}
	}
	return list, nil
}

// shortJoin is the filter join for texts that are not too long.
func shortJoin(join exec.FilterFunction) exec.FilterFunction {
	return func(e *exec.Evaluator, in *exec.Value, params *exec.VarArgs) *exec.Value {
		between := 0
		for _, a := range params.Args {
			between += len(a.String())
		}
		for _, a := range params.KwArgs {
			between += len(a.String())
		}
		if sizeWithin(reflect.ValueOf(in), maxRendered)-between*in.Len() < 0 {
			return exec.AsValue(errTooLong)
		}
		return join(e, in, params)
	}
}

// shortReplace is the filter replace for texts that are not too long.
func shortReplace(replace exec.FilterFunction) exec.FilterFunction {
	return func(e *exec.Evaluator, in *exec.Value, params *exec.VarArgs) *exec.Value {
		if len(params.Args) != 2 || len(params.KwArgs) > 0 {
			return exec.AsValue(errors.New("replace wants two texts"))
		}
		text := in.String()
		if len(text)+strings.Count(text, params.Args[0].String())*len(params.Args[1].String()) > maxRendered {
			return exec.AsValue(errTooLong)
		}
		return replace(e, in, params)
	}
}
