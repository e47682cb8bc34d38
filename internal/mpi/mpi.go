// Package mpi connects the ranks of a job through the MPI library of the machine, Open MPI
// or a relative of MPICH, which it opens at run time without cgo, and only in a process that
// an MPI launcher has started.
package mpi

import (
	"time"

	"euryale/internal/ranks"
)

// LibraryVariable is the environment variable that names the library to open, as a path or
// a name that the dynamic linker finds; without it, the launcher's own is looked for.
const LibraryVariable = "EURYALE_MPI"

// Open joins the job that a launcher (mpirun, mpiexec, srun) has started this process in,
// and returns its ranks. Without a launcher it returns ranks.Alone and opens nothing. Call
// it once in a process.
//
// A collective that takes longer than limit returns an error, the last resort when a network
// is cut: the launcher itself ends the job when a process dies. Higher ranks wait some
// seconds more, so that the lowest reports it and ends the others. 0 is no limit.
func Open(limit time.Duration) (ranks.Group, error) {
	l, err := launched()
	switch {
	case err != nil:
		return nil, err
	case l == nil:
		return ranks.Alone{}, nil
	}
	return open(l, limit)
}
