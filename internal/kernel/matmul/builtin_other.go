//go:build !amd64

package matmul

const hasAVX512 = false

// builtinTier is nil: there are assembly kernels for amd64 only.
func builtinTier() *tier { return nil }

// splitTier is nil as well.
func splitTier() *tier { return nil }
