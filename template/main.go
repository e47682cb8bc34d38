// Command mine has the commands of Euryale, with this module's models among the others:
//
//	go run . train -model gated
//	go run . generate -prompt "The Rays of Light"
package main

import (
	"os"

	"euryale/cmd/command"

	_ "example.org/mine/models"
)

func main() { os.Exit(command.Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
