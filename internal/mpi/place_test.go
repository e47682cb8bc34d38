package mpi

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/ranks"
)

// Ranks with one mask share its cores; ranks that are bound to cores of their own have them.
func TestShare(t *testing.T) {
	p := Places{
		{Host: "a", Mask: "0-7", Cores: 8, Launcher: 8}, {Host: "a", Mask: "0-7", Cores: 8, Launcher: 8},
		{Host: "b", Mask: "0-3", Cores: 4, Launcher: 8}, {Host: "b", Mask: "4-7", Cores: 4, Launcher: 8},
	}
	p.share()
	assert.Equal(t, "4 ranks (Open MPI 4.1.4) on 2 hosts, 4 threads each", p.Describe("Open MPI 4.1.4"))
	assert.Empty(t, p.Warning())
	p[3].Threads = 1
	assert.Equal(t, "4 ranks (MPICH 4.0.2) on 2 hosts, 1 to 4 threads each", p.Describe("MPICH 4.0.2"))
	p = Places{{Mask: "0-1", Cores: 2}, {Mask: "0-1", Cores: 2}, {Mask: "0-1", Cores: 2}, {Mask: "0-1", Cores: 2}}
	p.share()
	assert.Equal(t, "4 ranks (MPICH 4.0.2), 1 thread each", p.Describe("MPICH 4.0.2"))
}

func TestWarning(t *testing.T) {
	p := Places{{Mask: "0", Cores: 1, Launcher: 8}}
	assert.Equal(t, "rank 0 is bound to 1 core, and it could use 8: start with mpirun --bind-to none (srun: --cpu-bind=none)", p.Warning())
	p = append(p, p[0], p[0], p[0], p[0], p[0])
	p[1].Cores = 3
	assert.Empty(t, p.Warning(), "six ranks on eight cores")
	for i := range p {
		p[i].Launcher = 24
	}
	assert.Equal(t, "ranks 0, 1, 2, 3 and 2 more are bound to 1 core, and each could use 4: start with mpirun --bind-to none (srun: --cpu-bind=none)", p.Warning())
}

func TestFindPlaces(t *testing.T) {
	p, err := FindPlaces(ranks.Alone{}, 3)
	require.NoError(t, err)
	require.Len(t, p, 1)
	assert.Equal(t, 3, p[0].Threads)
	assert.Positive(t, p[0].Cores)
}
