// Command serve answers requests for texts over HTTP with trained models.
package main

import (
	"os"

	"euryale/cmd/command"
)

func main() { os.Exit(command.Serve(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
