// Command generate generates texts with a trained model.
package main

import (
	"os"

	"euryale/cmd/command"
)

func main() { os.Exit(command.Generate(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
