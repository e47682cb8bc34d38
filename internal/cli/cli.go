// Package cli is what the commands have in common: flags that teach, errors of one line,
// and exit codes.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"euryale/internal/kernel/matmul"
	"euryale/internal/kernel/parallel"
	"euryale/internal/near"
)

// Exit codes.
const (
	Done        = 0
	Failed      = 1
	Misused     = 2
	Interrupted = 130
)

// ErrInterrupted says that the user stopped the command, and that what it was to save is
// saved.
var ErrInterrupted = errors.New("interrupted")

// Usage is an error in how the command was called.
type Usage struct{ Err error }

func (u *Usage) Error() string { return u.Err.Error() }

// Unwrap returns the cause.
func (u *Usage) Unwrap() error { return u.Err }

// Misusef is a Usage error.
func Misusef(format string, args ...any) error { return &Usage{fmt.Errorf(format, args...)} }

// Flags are a command's flags.
type Flags struct {
	*flag.FlagSet
	intro, examples string
	groups          []group
}

type group struct {
	title string
	names []string
}

// NewFlags returns the flags of a command, with what -h says before and after them.
func NewFlags(name, intro, examples string) *Flags {
	f := &Flags{FlagSet: flag.NewFlagSet(name, flag.ContinueOnError), intro: intro, examples: examples}
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

// Parse reads the arguments. Help asked for is flag.ErrHelp; any other error is a Usage
// error, which names the nearest flag if one was not known.
func (f *Flags) Parse(args []string) error {
	err := f.FlagSet.Parse(args)
	if err == nil && f.NArg() > 0 {
		err = fmt.Errorf("%q is not a flag: flags begin with -", f.Arg(0))
	}
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return err
	}
	if unknown, ok := strings.CutPrefix(err.Error(), "flag provided but not defined: -"); ok {
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
			fl := f.Lookup(name)
			value, help := flag.UnquoteUsage(fl)
			left := "-" + name
			if value != "" {
				left += " " + value
			}
			fmt.Fprintf(w, "  %-28s %s\n", left, help)
		}
	}
	fmt.Fprintf(w, "\n%s\n", strings.TrimSpace(f.examples))
}

// Main runs a command until it ends or the user interrupts it, and returns its exit code.
// An error is one line on stderr.
func Main(f *Flags, args []string, stdout, stderr io.Writer, run func(ctx context.Context) error) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := f.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		f.Help(stdout)
		return Done
	}
	if err == nil {
		err = run(ctx)
	}
	var misuse *Usage
	switch {
	case err == nil:
		return Done
	case errors.Is(err, ErrInterrupted) || errors.Is(err, context.Canceled):
		fmt.Fprintf(stderr, "%s: %v\n", f.Name(), oneLine(err))
		return Interrupted
	case errors.As(err, &misuse):
		fmt.Fprintf(stderr, "%s: %v\n", f.Name(), oneLine(err))
		return Misused
	}
	fmt.Fprintf(stderr, "%s: %v\n", f.Name(), oneLine(err))
	return Failed
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// List is a flag that may be given several times.
type List []string

func (l *List) String() string { return strings.Join(*l, " ") }

// Set adds a value.
func (l *List) Set(s string) error { *l = append(*l, s); return nil }

// Machine are the flags that say how a command uses the machine.
type Machine struct {
	threads int
	blas    string
}

// Declare adds the flags to f.
func (m *Machine) Declare(f *Flags) {
	f.IntVar(&m.threads, "threads", 0, "`N` threads compute; 0: one for each core")
	f.StringVar(&m.blas, "blas", "", "`TIER` of arithmetic: auto, openblas, builtin, split or gonum")
}

// Use applies the flags, and says on w what does the arithmetic.
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
	tier := matmul.Tier()
	fmt.Fprintf(w, "arithmetic: %s (%s), %d threads\n", tier.Name, tier.Detail, parallel.Threads())
	if tier.Hint != "" {
		fmt.Fprintf(w, "  hint: %s\n", tier.Hint)
	}
	return nil
}

// Precision sets how exact products are, and says on w what that means here.
func Precision(w io.Writer, name string) error {
	if err := matmul.SetPrecision(matmul.Precision(name)); err != nil {
		return &Usage{err}
	}
	fmt.Fprintf(w, "precision: %s (products of %s)\n", name, matmul.Products())
	return nil
}
