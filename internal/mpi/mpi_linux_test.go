//go:build amd64 || arm64

package mpi

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/ranks"
	"euryale/internal/ranks/rankstest"
)

func init() {
	jobs["collectives"] = collectives
}

// join opens the ranks, which must be those of a launcher.
func join(limit time.Duration) (*comm, error) {
	g, err := Open(limit)
	if err != nil {
		return nil, err
	}
	c, ok := g.(*comm)
	if !ok {
		return nil, errors.New("no launcher is seen")
	}
	return c, nil
}

// collectives checks every collective, and again with so low a limit of counts that all are
// split and all-gather passes parts around the ring.
func collectives() error {
	c, err := join(2 * time.Minute)
	if err != nil {
		return err
	}
	if err := rankstest.Check(c, 30_000); err != nil {
		return err
	}
	c.max, c.ringFrom = 1<<9, 1<<9
	if err := rankstest.Check(c, 600); err != nil {
		return fmt.Errorf("split: %w", err)
	}
	x := ranks.Memory[float64](c, 1000)
	x[999] = float64(c.rank)
	if err := ranks.Broadcast(c, x, c.size-1); err != nil || x[999] != float64(c.size-1) {
		return fmt.Errorf("memory of its own: %v, %w", x[999], err)
	}
	if c.rank == 0 {
		fmt.Printf("%d ranks (%s)\n", c.size, c.Library())
	}
	return c.Close()
}

func TestCollectives(t *testing.T) {
	eachLauncher(t, func(t *testing.T, command []string) {
		for _, n := range []int{1, 2, 4} {
			out, code := start(t, command, n, "collectives")
			require.Zero(t, code, out)
			name := strings.TrimPrefix(t.Name(), "TestCollectives/")
			assert.Regexp(t, fmt.Sprintf(`^%d ranks \(%s \d+\.\d+.*\)$`, n, strings.ReplaceAll(name, "_", " ")), out)
		}
	})
}
