// Package command holds the commands as functions, so that a module with models of its own
// has them all: its main imports this package and the package that registers the models.
//
//	package main
//
//	import (
//		"os"
//
//		"euryale/cmd/command"
//		_ "example.com/mine/models"
//	)
//
//	func main() { os.Exit(command.Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
//
// Results are written to stdout, progress and messages to stderr. Each function returns the
// exit code: 0 done, 1 failed, 2 used wrongly, 130 interrupted, after saving.
package command

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"euryale/internal/cli"
	"euryale/internal/near"
	"euryale/internal/ranks"
)

// streams are what a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
	prefix   string // what to type before the name of another command
	ranks    ranks.Group
}

// alone returns the streams of a command that is a program of its own.
func alone(stdin io.Reader, stdout, stderr io.Writer) streams {
	return streams{stdin, stdout, stderr, "go run ./cmd/", ranks.Alone{}}
}

// join joins the ranks of the job that this process is started in, if it is, and returns the
// streams of this rank: only rank 0 prints.
func (s streams) join(m *cli.Machine) (streams, error) {
	var err error
	if s.ranks, err = m.Join(s.err); err != nil {
		return s, err
	}
	if s.ranks.Rank() > 0 {
		s.out, s.err = io.Discard, io.Discard
	}
	return s, nil
}

// Train trains a model and leaves a run directory behind.
func Train(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return runTrain(args, alone(stdin, stdout, stderr))
}

// Generate generates texts with a trained model.
func Generate(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return runGenerate(args, alone(stdin, stdout, stderr))
}

// Evaluate measures a trained model, or the likelihood of a text under it.
func Evaluate(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return runEvaluate(args, alone(stdin, stdout, stderr))
}

// Explain draws what a trained model attends to.
func Explain(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return runExplain(args, alone(stdin, stdout, stderr))
}

// Serve answers requests for texts over HTTP.
func Serve(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return runServe(args, alone(stdin, stdout, stderr))
}

// commands are those that Run knows, in the order of its help.
var commands = []struct {
	name, does string
	run        func(args []string, s streams) int
}{
	{"train", "train a model", runTrain},
	{"generate", "generate texts with a trained model", runGenerate},
	{"evaluate", "measure a trained model, or score a text", runEvaluate},
	{"explain", "draw what a trained model attends to", runExplain},
	{"serve", "answer requests for texts over HTTP", runServe},
}

// Run calls the command that the first argument names with the others.
func Run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	program := filepath.Base(os.Args[0])
	if len(args) == 0 || strings.TrimLeft(args[0], "-") == "h" || strings.TrimLeft(args[0], "-") == "help" {
		fmt.Fprintf(stdout, "usage: %s COMMAND FLAGS\n\n", program)
		for _, c := range commands {
			fmt.Fprintf(stdout, "  %-10s %s\n", c.name, c.does)
		}
		fmt.Fprintf(stdout, "\n%s COMMAND -h lists the flags.\n", program)
		return cli.Done
	}
	var names []string
	for _, c := range commands {
		if c.name == args[0] {
			return c.run(args[1:], streams{stdin, stdout, stderr, program + " ", ranks.Alone{}})
		}
		names = append(names, c.name)
	}
	fmt.Fprintf(stderr, "%s: there is no command %s: did you mean %s? (-h lists all)\n", program, args[0], near.Name(args[0], names))
	return cli.Misused
}
