// Command train trains a model of text and leaves a run directory behind.
package main

import (
	"os"

	"euryale/cmd/command"
)

func main() { os.Exit(command.Train(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
