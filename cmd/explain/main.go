// Command explain draws what a trained model attends to.
package main

import (
	"os"

	"euryale/cmd/command"
)

func main() { os.Exit(command.Explain(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
