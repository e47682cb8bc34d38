//go:build !amd64

package kernel

func builtinTiers() []*tier { return nil }
