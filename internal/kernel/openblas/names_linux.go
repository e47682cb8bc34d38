//go:build amd64 || arm64

package openblas

// libraryNames are tried in this order.
var libraryNames = []string{
	"libopenblas.so.0", "libopenblas.so",
	"libblis.so.4", "libblis.so", "libmkl_rt.so.2", "libmkl_rt.so",
}

// InstallHint says how to install a BLAS on this platform.
const InstallHint = "install it (Debian, Ubuntu: apt install libopenblas0-pthread)"
