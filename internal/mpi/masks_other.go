//go:build !linux

package mpi

// masks returns nothing: other systems do not say which cores a process may use.
func masks() (mask string, launcher int) { return "", 0 }
