//go:build !amd64

package matmul

const hasAVX512 = false

// builtinTier returns nil: the assembly kernels are for amd64.
func builtinTier() *tier { return nil }

// splitTier returns nil.
func splitTier() *tier { return nil }
