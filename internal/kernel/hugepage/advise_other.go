//go:build !linux

package hugepage

func advise(first, end uintptr) {}
