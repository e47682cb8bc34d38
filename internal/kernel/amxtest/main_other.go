//go:build !linux || !amd64

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "amxtest runs on linux/amd64 only")
	os.Exit(statusSkip)
}
