//go:build !darwin && !(linux && (amd64 || arm64))

package openblas

import "errors"

// InstallHint says how to get a BLAS on this platform.
const InstallHint = "this platform has no faster tier"

var libraryNames []string

// open fails: foreign libraries are opened on Linux and macOS only.
func open([]string) (*Library, error) {
	return nil, errors.New("OpenBLAS is not supported on this platform; use auto")
}

// Call is never called, for there is no entry point.
func Call(entry uintptr, arguments []uintptr) { panic("openblas: no library on this platform") }
