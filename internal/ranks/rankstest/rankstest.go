// Package rankstest runs ranks as goroutines of one process, for tests.
package rankstest

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"euryale/internal/ranks"
)

// ErrAborted is what collectives return after a rank has called Abort or ended with an
// error.
var ErrAborted = errors.New("another rank has aborted the job")

// Run calls f on n ranks at once and returns the error of the first rank to fail, whose
// number it adds; the others then fail with ErrAborted.
func Run(n int, f func(g ranks.Group) error) error {
	j := &job{size: n, calls: make([]call, n)}
	j.changed.L = &j.mu
	var all sync.WaitGroup
	for r := range n {
		all.Go(func() {
			if err := f(&group{job: j, rank: r}); err != nil {
				j.abort(fmt.Errorf("rank %d: %w", r, err))
			}
		})
	}
	all.Wait()
	return j.failed
}

// job is what the ranks share. A collective is a round: each rank leaves its call and waits
// for the others, copies what it needs, and waits until all have.
type job struct {
	mu      sync.Mutex
	changed sync.Cond
	size    int
	calls   []call
	arrived int
	round   int
	failed  error
}

// call is what a rank passes to a collective.
type call struct {
	what       string // the collective and its sizes, which must agree
	b          []byte
	send, recv [][]byte
}

func (j *job) abort(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.failed == nil {
		j.failed = err
	}
	j.changed.Broadcast()
}

// wait returns when all ranks have called it.
func (j *job) wait() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	round := j.round
	if j.arrived++; j.arrived == j.size {
		j.arrived = 0
		j.round++
		j.changed.Broadcast()
	}
	for j.round == round && j.failed == nil {
		j.changed.Wait()
	}
	if j.failed != nil {
		return ErrAborted
	}
	return nil
}

// group is one rank of a job.
type group struct {
	job  *job
	rank int
}

// collective leaves a call, has copy read those of the others, and waits for all copies.
func (g *group) collective(c call, copy func(calls []call) error) error {
	j := g.job
	j.calls[g.rank] = c
	if err := j.wait(); err != nil {
		return err
	}
	for r, other := range j.calls {
		if other.what != c.what {
			err := fmt.Errorf("rank %d calls %s while rank %d calls %s", g.rank, c.what, r, other.what)
			j.abort(err)
			return err
		}
	}
	if err := copy(j.calls); err != nil {
		j.abort(err)
		return err
	}
	return j.wait()
}

func (g *group) Rank() int           { return g.rank }
func (g *group) Size() int           { return g.job.size }
func (g *group) Library() string     { return "goroutines" }
func (g *group) Memory(n int) []byte { return make([]byte, n) }
func (g *group) Close() error        { return g.Barrier() }
func (g *group) Abort(code int) {
	g.job.abort(fmt.Errorf("rank %d aborts with exit code %d", g.rank, code))
}

func (g *group) Barrier() error {
	return g.collective(call{what: "barrier"}, func([]call) error { return nil })
}

func (g *group) Broadcast(b []byte, root int) error {
	what := fmt.Sprintf("broadcast of %d bytes from rank %d", len(b), root)
	return g.collective(call{what: what, b: b}, func(calls []call) error {
		if g.rank != root {
			copy(b, calls[root].b)
		}
		return nil
	})
}

func (g *group) AllGather(b []byte, ends []int) error {
	if err := ranks.CheckEnds(len(b), ends, g.job.size); err != nil {
		return err
	}
	what := fmt.Sprintf("all-gather of parts that end at %v", ends)
	return g.collective(call{what: what, b: b}, func(calls []call) error {
		for r := range calls {
			if from, to := ranks.Part(ends, r); r != g.rank {
				copy(b[from:to], calls[r].b[from:to])
			}
		}
		return nil
	})
}

func (g *group) AllToAll(send, recv [][]byte) error {
	if err := ranks.CheckLists(send, recv, g.rank, g.job.size); err != nil {
		return err
	}
	return g.collective(call{what: "all-to-all", send: send, recv: recv}, func(calls []call) error {
		for r, c := range calls {
			if len(c.send[g.rank]) != len(recv[r]) {
				return fmt.Errorf("all-to-all: rank %d sends %d bytes to rank %d, which receives %d", r, len(c.send[g.rank]), g.rank, len(recv[r]))
			}
			copy(recv[r], c.send[g.rank])
		}
		return nil
	})
}

func (g *group) AllReduce(b []byte, kind ranks.Kind, op ranks.Op) error {
	what := fmt.Sprintf("all-reduce, %v of %d bytes of %v", op, len(b), kind)
	mine := slices.Clone(b)
	return g.collective(call{what: what, b: mine}, func(calls []call) error {
		copy(b, calls[0].b)
		for _, c := range calls[1:] {
			combine(b, c.b, kind, op)
		}
		return nil
	})
}
