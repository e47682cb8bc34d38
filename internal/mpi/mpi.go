// Package mpi connects the ranks of a job through the MPI library of the machine, Open MPI
// or MPICH, which it opens at run time without cgo, and only in a process that an MPI
// launcher has started.
package mpi

import (
	"errors"
	"time"

	"euryale/internal/ranks"
)

// Open joins the job that a launcher (mpirun, mpiexec, srun) has started this process in,
// and returns its ranks. Without a launcher it returns ranks.Alone and opens nothing. A
// collective that takes longer than limit ends the job: see ranks.Group.
//
// Call it once in a process, before any other work that starts threads.
func Open(limit time.Duration) (ranks.Group, error) {
	if !Launched() {
		return ranks.Alone{}, nil
	}
	return nil, errors.New("MPI is not supported on this platform")
}
