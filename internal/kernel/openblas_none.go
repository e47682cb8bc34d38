//go:build !darwin && !(linux && (amd64 || arm64))

package kernel

import "errors"

const installHint = "this platform has no faster tier"

var libraryNames []string

// loadOpenBLAS fails: foreign libraries are opened on Linux and macOS only.
func loadOpenBLAS([]string) (*tier, error) {
	return nil, errors.New("OpenBLAS is not supported on this platform; use auto")
}
