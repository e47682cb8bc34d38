//go:build darwin || (linux && (amd64 || arm64))

package openblas

import (
	"fmt"
	"runtime"
	"strings"

	"github.com/ebitengine/purego"
)

// oneThread are environment variables that prevent BLAS libraries from starting
// threads: the workers of package parallel distribute the work, and OpenBLAS's
// threads would compete with them by spinning, even after
// openblas_set_num_threads(1).
var oneThread = []string{"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"}

// open opens the first of the named libraries that is a BLAS.
func open(names []string) (*Library, error) {
	for _, key := range oneThread {
		setC(key, "1")
	}
	var reasons []string
	for _, name := range names {
		lib, err := openLibrary(name)
		if err == nil {
			return lib, nil
		}
		reasons = append(reasons, strings.ReplaceAll(err.Error(), "\n", " "))
	}
	return nil, fmt.Errorf("no OpenBLAS found (%s): %s, or use auto", strings.Join(reasons, "; "), InstallHint)
}

func openLibrary(name string) (*Library, error) {
	handle, err := purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, err
	}
	return bindLibrary(name, handle)
}

func bindLibrary(name string, handle uintptr) (*Library, error) {
	lib := &Library{Name: name}
	symbols := []string{"sgemm_", "dgemm_", "sgemv_", "dgemv_"}
	for i, f := range []*uintptr{&lib.Sgemm, &lib.Dgemm, &lib.Sgemv, &lib.Dgemv} {
		var err error
		if *f, err = purego.Dlsym(handle, symbols[i]); err != nil {
			return nil, fmt.Errorf("%s: no symbol %s", name, symbols[i])
		}
	}
	if f, err := purego.Dlsym(handle, "openblas_set_num_threads"); err == nil {
		purego.SyscallN(f, 1)
	}
	if f, err := purego.Dlsym(handle, "openblas_get_corename"); err == nil {
		var corename func() string
		purego.RegisterFunc(&corename, f)
		lib.Core = corename()
	}
	return lib, nil
}

// setC sets an environment variable for C code, which os.Setenv does not affect in a
// program built without cgo. Errors are ignored: the library is then only slower.
func setC(key, value string) {
	name := "libc.so.6"
	if runtime.GOOS == "darwin" {
		name = "/usr/lib/libSystem.B.dylib"
	}
	handle, err := purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return
	}
	var setenv func(key, value string, overwrite int32) int32
	if f, err := purego.Dlsym(handle, "setenv"); err == nil {
		purego.RegisterFunc(&setenv, f)
		setenv(key, value, 1)
	}
}

// Call calls an entry point with the addresses of its arguments.
func Call(entry uintptr, arguments []uintptr) { purego.SyscallN(entry, arguments...) }
