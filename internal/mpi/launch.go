package mpi

import (
	"fmt"
	"os"
	"strconv"
)

// launch is what a launcher's environment says of this process.
type launch struct {
	names      []string // libraries to try, the launcher's own first
	rank, size int      // -1: it does not say
}

// Libraries by family; libmpi.so.12 is what relatives of MPICH have, such as Intel MPI.
var (
	openMPI = []string{"libmpi.so.40", "libmpi.so.80"}
	mpich   = []string{"libmpich.so.12", "libmpi.so.12"}
)

// launched returns what the launcher says, or nil if no launcher of MPI has started this
// process. Tasks that Slurm has started without MPI are an error: each would train alone.
func launched() (*launch, error) {
	l := &launch{names: append(append([]string{}, openMPI...), mpich...), rank: -1, size: -1}
	switch {
	case isSet("OMPI_COMM_WORLD_SIZE"):
		l.rank, l.size = number("OMPI_COMM_WORLD_RANK"), number("OMPI_COMM_WORLD_SIZE")
	case isSet("PMIX_RANK"): // of srun --mpi=pmix, or another launcher of PMIx
		l.rank, l.size = number("PMIX_RANK"), number("SLURM_STEP_NUM_TASKS")
	case isSet("PMI_RANK") || isSet("PMI_SIZE") || isSet("PMI_FD"):
		l.names = append(append([]string{}, mpich...), openMPI...)
		l.rank, l.size = number("PMI_RANK"), number("PMI_SIZE")
	case number("SLURM_STEP_NUM_TASKS") > 1:
		return nil, fmt.Errorf("srun has started %d tasks without MPI, and each would train alone: use srun --mpi=pmix, or one task", number("SLURM_STEP_NUM_TASKS"))
	default:
		return nil, nil
	}
	if name := os.Getenv(LibraryVariable); name != "" {
		l.names = []string{name}
	}
	return l, nil
}

// Launched reports whether a launcher has started this process with others.
func Launched() bool {
	l, err := launched()
	return err != nil || l != nil && l.size != 1
}

// Rank returns the rank that the launcher gives this process, before any library is open:
// 0 without a launcher.
func Rank() int {
	for _, name := range []string{"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"} {
		if isSet(name) {
			return max(0, number(name))
		}
	}
	return 0
}

func isSet(name string) bool { return os.Getenv(name) != "" }

// number returns the value of an environment variable, or -1 if it has none.
func number(name string) int {
	n, err := strconv.Atoi(os.Getenv(name))
	if err != nil {
		return -1
	}
	return n
}

// check compares the launcher's word with what the library says: a library of another
// family than the launcher's makes every process rank 0 of 1.
func (l *launch) check(name, version string, rank, size int) error {
	if l.size > 1 && size == 1 {
		return fmt.Errorf("the launcher says rank %d of %d, and the library %s (%s) says rank 0 of 1: it is not the launcher's library; start with the mpirun of %s, or set %s to the library of the launcher",
			max(0, l.rank), l.size, name, version, version, LibraryVariable)
	}
	if l.size > 0 && size != l.size || l.rank >= 0 && rank != l.rank {
		return fmt.Errorf("the launcher says rank %d of %d, and the library %s (%s) rank %d of %d", l.rank, l.size, name, version, rank, size)
	}
	return nil
}
