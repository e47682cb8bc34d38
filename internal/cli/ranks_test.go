package cli

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

	"euryale/internal/ranks"
)

// fakeGroup is rank r of two.
type fakeGroup struct {
	ranks.Alone
	aborted, closed int
}

func (*fakeGroup) Size() int     { return 2 }
func (f *fakeGroup) Abort(c int) { f.aborted = c }
func (f *fakeGroup) Close() error {
	f.closed++
	return nil
}

// An error that all ranks have is printed by rank 0, and all leave in order; an error of one
// rank is printed by it, and ends the others.
func TestLeave(t *testing.T) {
	for name, c := range map[string]struct {
		rank            string
		err             error
		code            int
		text            string
		aborted, closed int
	}{
		"done":              {"0", nil, 0, "", 0, 1},
		"agreed, rank 0":    {"0", &ranks.Agreed{Rank: 1, Size: 2, Text: "disk full"}, 1, "train: rank 1 of 2: disk full\n", 0, 1},
		"agreed, rank 1":    {"1", &ranks.Agreed{Rank: 1, Size: 2, Text: "disk full"}, 1, "", 0, 1},
		"alone, rank 1":     {"1", errors.New("disk full"), 1, "train: rank 1: disk full\n", 1, 0},
		"interrupted":       {"0", ErrInterrupted, 130, "train: interrupted\n", 0, 1},
		"interrupted, 1":    {"1", ErrInterrupted, 130, "", 0, 1},
		"abandoned, rank 1": {"1", errAbandoned, 130, "", 130, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("OMPI_COMM_WORLD_SIZE", "2")
			t.Setenv("OMPI_COMM_WORLD_RANK", c.rank)
			g := &fakeGroup{}
			f := NewFlags("train", "", "")
			new(Machine).DeclareRanks(f)
			f.ranks = g
			var text bytes.Buffer
			code, line := exitCode(c.err)
			assert.Equal(t, c.code, f.leave(code, c.err, line, &text))
			assert.Equal(t, c.text, text.String())
			assert.Equal(t, [2]int{c.aborted, c.closed}, [2]int{g.aborted, g.closed})
		})
	}
}

// A command that does not divide its work refuses to run on several ranks, and -h is printed
// by one.
func TestOneRank(t *testing.T) {
	t.Setenv("OMPI_COMM_WORLD_SIZE", "2")
	t.Setenv("OMPI_COMM_WORLD_RANK", "0")
	var out, text bytes.Buffer
	run := func(context.Context) error { return errors.New("runs") }
	assert.Equal(t, Misused, Main(NewFlags("generate", "", ""), nil, &out, &text, run))
	assert.Equal(t, "generate: rank 0: generate runs on one rank: start it without mpirun\n", text.String())
	t.Setenv("OMPI_COMM_WORLD_RANK", "1")
	assert.Equal(t, Done, Main(NewFlags("generate", "does", ""), []string{"-h"}, &out, &text, run))
	assert.Empty(t, out.String())
}
