package kernel

// libraryNames are tried in this order; Accelerate comes with the system.
var libraryNames = []string{
	"/opt/homebrew/opt/openblas/lib/libopenblas.dylib",
	"/usr/local/opt/openblas/lib/libopenblas.dylib",
	"libopenblas.dylib",
	"/System/Library/Frameworks/Accelerate.framework/Accelerate",
}

const installHint = "install it (brew install openblas)"
