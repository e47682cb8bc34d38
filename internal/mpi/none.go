//go:build !(linux && (amd64 || arm64))

package mpi

import (
	"errors"
	"time"

	"euryale/internal/ranks"
)

// open returns an error: the constants and the table of signals are those of Linux.
func open(*launch, time.Duration) (ranks.Group, error) {
	return nil, errors.New("MPI is not supported on this platform, only on Linux: start without mpirun")
}
