//go:build !darwin && !(linux && (amd64 || arm64))

package openblas

import "errors"

// InstallHint says that no BLAS can be installed on this platform.
const InstallHint = "this platform has no faster tier"

var libraryNames []string

// open returns an error: foreign libraries can be opened on Linux and macOS only.
func open([]string) (*Library, error) {
	return nil, errors.New("OpenBLAS is not supported on this platform: use auto")
}

// Call panics: without a library there is no entry point to call.
func Call(entry uintptr, arguments []uintptr) { panic("openblas: no library on this platform") }
