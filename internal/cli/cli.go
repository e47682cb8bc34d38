// Package cli is what the commands have in common: flags in groups, errors of one line,
// exit codes, and the version.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"euryale/internal/kernel/matmul"
	"euryale/internal/kernel/parallel"
	"euryale/internal/near"
	"euryale/internal/ranks"
)

// Exit codes.
const (
	Done        = 0
	Failed      = 1
	Misused     = 2
	Interrupted = 130
)

// Usage is an error in how the command was called.
type Usage struct{ Err error }

func (u *Usage) Error() string { return u.Err.Error() }

// Unwrap returns the cause.
func (u *Usage) Unwrap() error { return u.Err }

// Misusef returns a Usage error.
func Misusef(format string, args ...any) error { return &Usage{fmt.Errorf(format, args...)} }

// Flags are a command's flags.
type Flags struct {
	*flag.FlagSet
	intro, examples string
	groups          []group
	joined          map[string]string // flag → the flag on whose line of the help it is
	moved           map[string]string // flag that is gone → where to
	several         map[string]bool   // flags that take all values up to the next flag
	version         bool
	ranks           ranks.Group // of the job, once the command has joined it
}

type group struct {
	title string
	names []string
}

// NewFlags returns the flags of a command, with what -h says before and after them.
func NewFlags(name, intro, examples string) *Flags {
	f := &Flags{FlagSet: flag.NewFlagSet(name, flag.ContinueOnError), intro: intro, examples: examples,
		joined: map[string]string{}, moved: map[string]string{}, several: map[string]bool{}}
	f.SetOutput(io.Discard)
	return f
}

// Group puts the flags declared by declare under a title in the help.
func (f *Flags) Group(title string, declare func()) {
	before := map[string]bool{}
	f.VisitAll(func(g *flag.Flag) { before[g.Name] = true })
	declare()
	g := group{title: title}
	f.VisitAll(func(fl *flag.Flag) {
		if !before[fl.Name] {
			g.names = append(g.names, fl.Name)
		}
	})
	f.groups = append(f.groups, g)
}

// Join puts flags on one line of the help: that of the first.
func (f *Flags) Join(first string, others ...string) {
	for _, name := range others {
		f.joined[name] = first
	}
}

// Moved makes a flag that another command has now an error that says so.
func (f *Flags) Moved(name, where string) { f.moved[name] = where }

// Parse reads the arguments. For -h it returns flag.ErrHelp; any other error is a Usage
// error, which names the nearest flag if one is unknown.
func (f *Flags) Parse(args []string) error {
	err := f.FlagSet.Parse(f.spread(args))
	if err == nil && f.NArg() > 0 {
		err = fmt.Errorf("%q is not a flag: flags begin with -", f.Arg(0))
	}
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return err
	}
	if unknown, ok := strings.CutPrefix(err.Error(), "flag provided but not defined: -"); ok {
		if where := f.moved[unknown]; where != "" {
			return Misusef("-%s moved to its own command: %s", unknown, where)
		}
		var names []string
		f.VisitAll(func(g *flag.Flag) { names = append(names, g.Name) })
		err = fmt.Errorf("there is no flag -%s: did you mean -%s? (-h lists all)", unknown, near.Name(unknown, names))
	}
	return &Usage{err}
}

// Only refuses every flag that was given and is not among names, the first of which says
// what the command is to do.
func (f *Flags) Only(names ...string) error {
	var others []string
	f.Visit(func(g *flag.Flag) {
		if !slices.Contains(names, g.Name) {
			others = append(others, "-"+g.Name)
		}
	})
	if len(others) == 0 {
		return nil
	}
	return Misusef("-%s has no use for %s: it goes with -%s alone", names[0], strings.Join(others, ", "), strings.Join(names[1:], ", -"))
}

// Help writes what the command does and all its flags.
func (f *Flags) Help(w io.Writer) {
	fmt.Fprintf(w, "%s\n", strings.TrimSpace(f.intro))
	for _, g := range f.groups {
		fmt.Fprintf(w, "\n%s\n", g.title)
		for _, name := range g.names {
			if f.joined[name] == "" {
				f.line(w, name, g.names)
			}
		}
	}
	fmt.Fprintf(w, "\n%s\n", strings.TrimSpace(f.examples))
}

// line writes the help of a flag and of those of its group that are joined to it.
func (f *Flags) line(w io.Writer, first string, group []string) {
	var left, right []string
	for _, name := range append([]string{first}, group...) {
		if name != first && f.joined[name] != first || name == first && len(left) > 0 {
			continue
		}
		value, help := unquote(f.Lookup(name))
		if value != "" {
			name += " " + value
		}
		left, right = append(left, "-"+name), append(right, help)
	}
	fmt.Fprintf(w, "  %-29s %s\n", strings.Join(left, ", "), strings.Join(right, "; "))
}

// unquote takes the placeholder of a flag's value, between backquotes, out of its help.
func unquote(f *flag.Flag) (value, help string) {
	before, rest, found := strings.Cut(f.Usage, "`")
	value, after, closed := strings.Cut(rest, "`")
	if !found || !closed {
		return "", f.Usage
	}
	return value, before + strings.TrimPrefix(after, " ")
}

// Main runs a command until it ends or the user interrupts it, and returns its exit code.
// An error is printed as one line on stderr. An interrupted command may still be running in
// a goroutine when Main returns: the caller exits.
func Main(f *Flags, args []string, stdout, stderr io.Writer, run func(ctx context.Context) error) int {
	err := f.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		onRankZero(func() { f.Help(stdout) })
		return Done
	}
	if err == nil && f.version {
		onRankZero(func() { fmt.Fprint(stdout, Version()) })
		return Done
	}
	if err == nil && f.Lookup("watchdog") == nil {
		err = OneRank(f.Name())
	}
	if err == nil {
		err = interruptible(run)
	}
	code, text := exitCode(err)
	return f.leave(code, err, text, stderr)
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// List is a flag that may be given several times.
type List []string

func (l *List) String() string { return strings.Join(*l, " ") }

// Set adds a value.
func (l *List) Set(s string) error { *l = append(*l, s); return nil }

// Machine holds the flags that say how a command uses the machine.
type Machine struct {
	threads  int
	blas     string
	watchdog time.Duration
	flags    *Flags // of a command that several ranks can run
}

// Declare adds the flags to f, and -version.
func (m *Machine) Declare(f *Flags) {
	f.StringVar(&m.blas, "blas", "", "`TIER` arithmetic: auto, openblas, builtin, split or gonum (auto)")
	f.IntVar(&m.threads, "threads", 0, "`N` threads that compute (0: one for each core)")
	f.BoolVar(&f.version, "version", false, "print the version, Go's, and the arithmetic of this machine")
}

// Use applies the flags, and prints on w what does the arithmetic.
func (m *Machine) Use(w io.Writer) error {
	if m.threads < 0 {
		return Misusef("-threads %d: want 0 (one for each core) or more", m.threads)
	}
	if m.threads > 0 {
		parallel.SetThreads(m.threads)
	}
	if m.blas != "" {
		if err := matmul.Use(m.blas); err != nil {
			return &Usage{err}
		}
	}
	fmt.Fprint(w, arithmetic())
	return nil
}

// Precision sets how exact matrix products are, and prints on w what that means here.
func Precision(w io.Writer, name string) error {
	if err := matmul.SetPrecision(matmul.Precision(name)); err != nil {
		return &Usage{err}
	}
	fmt.Fprintf(w, "precision: %s (products of %s)\n", name, matmul.Products())
	return nil
}
