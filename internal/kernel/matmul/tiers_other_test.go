//go:build !amd64

package matmul

func builtinTiers() []*tier { return nil }
