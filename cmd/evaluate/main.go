// Command evaluate measures a trained model, or the likelihood of a text under it.
package main

import (
	"os"

	"euryale/cmd/command"
)

func main() { os.Exit(command.Evaluate(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
