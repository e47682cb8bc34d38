package mpi

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/ranks"
)

func TestLaunched(t *testing.T) {
	for name, c := range map[string]struct {
		environment map[string]string
		first       string // library to try first; "": no launcher
		rank, size  int
		err         string
	}{
		"nothing":     {},
		"Open MPI":    {map[string]string{"OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "3", "PMIX_RANK": "3"}, openMPI[0], 3, 4, ""},
		"srun pmix":   {map[string]string{"PMIX_RANK": "1", "SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "1"}, openMPI[0], 1, 2, ""},
		"PMIx":        {map[string]string{"PMIX_RANK": "0"}, openMPI[0], 0, -1, ""},
		"MPICH":       {map[string]string{"PMI_RANK": "2", "PMI_SIZE": "3", "PMI_FD": "5"}, mpich[0], 2, 3, ""},
		"own library": {map[string]string{"PMI_RANK": "0", LibraryVariable: "/opt/libmpi.so"}, "/opt/libmpi.so", 0, -1, ""},
		"srun alone":  {map[string]string{"SLURM_STEP_NUM_TASKS": "1", "SLURM_PROCID": "0"}, "", 0, 0, ""},
		"srun":        {map[string]string{"SLURM_STEP_NUM_TASKS": "4"}, "", 0, 0, "srun has started 4 tasks without MPI, and each would train alone: use srun --mpi=pmix, or one task"},
	} {
		t.Run(name, func(t *testing.T) {
			for key, value := range c.environment {
				t.Setenv(key, value)
			}
			l, err := launched()
			switch {
			case c.err != "":
				assert.EqualError(t, err, c.err)
				return
			case c.first == "":
				require.NoError(t, err)
				assert.Nil(t, l)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.first, l.names[0])
			assert.Equal(t, [2]int{c.rank, c.size}, [2]int{l.rank, l.size})
			assert.Equal(t, c.rank, Rank())
			assert.Equal(t, c.size != 1, Launched())
		})
	}
	g, err := Open(0)
	require.NoError(t, err)
	assert.Equal(t, ranks.Alone{}, g)
	assert.Zero(t, Rank())
	assert.False(t, Launched())
}

func TestLaunchCheck(t *testing.T) {
	l := launch{rank: 1, size: 2}
	require.NoError(t, l.check("libmpi.so.40", "Open MPI 4.1.4", 1, 2))
	require.ErrorContains(t, l.check("libmpi.so.40", "Open MPI 4.1.4", 0, 1), "start with the mpirun of Open MPI 4.1.4")
	require.ErrorContains(t, l.check("libmpi.so.40", "Open MPI 4.1.4", 0, 2), "the launcher says rank 1 of 2, and the library libmpi.so.40 (Open MPI 4.1.4) rank 0 of 2")
	l = launch{rank: 0, size: -1}
	require.NoError(t, l.check("libmpi.so.40", "Open MPI 4.1.4", 0, 3))
}
