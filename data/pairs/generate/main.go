// Command generate writes minimal pairs as JSON Lines, which evaluate -pairs reads:
//
//	go run ./data/pairs/generate -language zh -n 100 -seed 1 > pairs-zh.jsonl
package main

import (
	"flag"
	"fmt"
	"io"
	"os"

	"euryale/data/pairs"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run writes the pairs that the arguments ask for.
func run(args []string, w io.Writer) error {
	f := flag.NewFlagSet("generate", flag.ExitOnError)
	language := f.String("language", "en", "`LANGUAGE` of the pairs: en or zh")
	n := f.Int("n", 100, "`N` pairs of each paradigm")
	seed := f.Uint64("seed", 1, "random `SEED`")
	if err := f.Parse(args); err != nil {
		return err
	}
	all, err := pairs.Generate(*language, *seed, *n)
	if err != nil {
		return err
	}
	return pairs.Write(w, all)
}
