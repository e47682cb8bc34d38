package experiment

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/ranks"
	"euryale/internal/ranks/rankstest"
)

// sweepOn runs a sweep on ranks, and returns what rank 0 does. All ranks have the same error.
func sweepOn(t *testing.T, n int, o SweepOptions, change func(o *SweepOptions, rank int)) (swept *Swept, err error) {
	errs := make([]error, n)
	require.NoError(t, rankstest.Run(n, func(g ranks.Group) error {
		o := o
		o.Ranks = g
		if change != nil {
			change(&o, g.Rank())
		}
		s, err := Sweep(context.Background(), o)
		switch errs[g.Rank()] = err; {
		case g.Rank() == 0:
			swept = s
		case s != nil:
			return errors.New("another rank than 0 has a result")
		}
		return nil
	}))
	for _, err := range errs {
		assert.Equal(t, fmt.Sprint(errs[0]), fmt.Sprint(err))
	}
	return swept, errs[0]
}

// losses returns those of the runs by name.
func lossesOf(s *Swept) map[string]float64 {
	all := map[string]float64{}
	for _, p := range s.Points {
		for _, r := range p.Runs {
			all[r.Name] = r.Loss
		}
	}
	return all
}

// Ranks share the runs of a sweep, whose losses have the bits that they have on one rank; one that is
// broken off goes on, on another number of ranks.
func TestSweepOnRanks(t *testing.T) {
	o := small(t)
	o.Vary = []string{"optimizer.lr=1e-3,3e-3,1e-2"}
	want, err := Sweep(context.Background(), o)
	require.NoError(t, err)
	o.Dir = filepath.Join(t.TempDir(), "shared")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	by := map[int]bool{}
	err = rankstest.Run(2, func(g ranks.Group) error {
		o := o
		o.Ranks = g
		o.Progress = func(done, total int, run string) {
			by[g.Rank()] = true
			if g.Rank() == 1 && done > 0 {
				cancel()
			}
		}
		mine := context.Background()
		if g.Rank() == 1 {
			mine = ctx
		}
		_, err := Sweep(mine, o)
		return err
	})
	require.ErrorIs(t, err, ErrInterrupted, "all ranks end when one is asked to")
	assert.Len(t, by, 2, "both ranks have trained")
	got, err := sweepOn(t, 3, o, nil)
	require.NoError(t, err)
	assert.Equal(t, lossesOf(want), lossesOf(got))
	assert.Equal(t, want.Best.Sentences(), got.Best.Sentences())
	hidden, err := filepath.Glob(filepath.Join(o.Dir, ".rank-*"))
	require.NoError(t, err)
	assert.Empty(t, hidden)
}

// What differs between ranks, and a directory that they do not share, is found before anything is trained.
func TestSweepOnRanksMustAgree(t *testing.T) {
	o := small(t)
	o.Seeds = 2
	_, err := sweepOn(t, 2, o, func(o *SweepOptions, rank int) {
		if rank == 1 {
			o.Sets = append([]string{}, append(o.Sets, "model.bias=false")...)
		}
	})
	require.ErrorContains(t, err, "rank 1 of 2: the configuration of seed=1 is ")
	other := filepath.Join(t.TempDir(), "other")
	elsewhere := func(o *SweepOptions, rank int) {
		if rank == 1 {
			o.Dir = other
		}
	}
	for range 2 {
		_, err = sweepOn(t, 2, o, elsewhere)
		require.ErrorContains(t, err, "rank 1 of 2: "+other+" is not the directory that rank 0 has made")
		require.NoError(t, os.MkdirAll(other, 0o777)) // the next time it is there
	}
	runs, err := filepath.Glob(filepath.Join(o.Dir, "seed=*"))
	require.NoError(t, err)
	assert.Empty(t, runs)
}

// A run that fails on one rank is reported by all, and the others are trained.
func TestSweepOnRanksFails(t *testing.T) {
	o := small(t, "optimizer.clip=0", "schedule.warmup=0")
	o.Vary = []string{"optimizer.lr=1e-3,1e30"}
	s, err := sweepOn(t, 2, o, nil)
	require.ErrorContains(t, err, "lr=1e30,seed=1: ")
	require.NotNil(t, s)
	assert.True(t, s.Points[0].Runs[0].Done && !s.Points[1].Runs[0].Done)
	assert.True(t, strings.HasPrefix(s.Points[0].Name, "lr=1e-3"))
}
