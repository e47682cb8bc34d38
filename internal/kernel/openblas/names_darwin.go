package openblas

// libraryNames are tried in this order; Accelerate is part of macOS.
var libraryNames = []string{
	"/opt/homebrew/opt/openblas/lib/libopenblas.dylib",
	"/usr/local/opt/openblas/lib/libopenblas.dylib",
	"libopenblas.dylib",
	"/System/Library/Frameworks/Accelerate.framework/Accelerate",
}

// InstallHint says how to install a BLAS on this platform.
const InstallHint = "install it (brew install openblas)"
