package mpi

import "os"

// launchers are environment variables that launchers of MPI set for every rank.
var launchers = []string{"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "PMI_SIZE", "PMI_FD"}

// Launched reports whether an MPI launcher has started this process.
func Launched() bool {
	for _, name := range launchers {
		if os.Getenv(name) != "" {
			return true
		}
	}
	return false
}
