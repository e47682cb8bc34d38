package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"runtime"
	"time"

	"euryale/internal/kernel/parallel"
	"euryale/internal/mpi"
	"euryale/internal/ranks"
)

// DeclareRanks adds the flags of a command that several ranks can run.
func (m *Machine) DeclareRanks(f *Flags) {
	m.flags = f
	f.DurationVar(&m.watchdog, "watchdog", 5*time.Minute, "`TIME` longest wait for other ranks (5m)")
}

// Join joins the ranks of the job that a launcher of MPI has started this process in, and
// divides the cores of a host among them. Rank 0 prints on w how many ranks there are.
// Without a launcher it returns ranks.Alone. Main leaves the group.
func (m *Machine) Join(w io.Writer) (ranks.Group, error) {
	g, err := mpi.Open(m.watchdog)
	if err != nil {
		return nil, err
	}
	m.flags.ranks = g
	if g.Library() == "" {
		return g, nil
	}
	places, err := mpi.FindPlaces(g, max(0, m.threads))
	if err != nil {
		return nil, err
	}
	parallel.SetThreads(places[g.Rank()].Threads)
	if d, ok := g.(ranks.Distant); ok && d.Distant() { // what exchanges beside the threads must not wait for one of them
		runtime.GOMAXPROCS(max(runtime.GOMAXPROCS(0), parallel.Threads()+2))
	}
	if g.Rank() > 0 {
		return g, nil
	}
	fmt.Fprintln(w, places.Describe(g.Library()))
	if text := places.Warning(); text != "" {
		fmt.Fprintln(w, "warning: "+text)
	}
	return g, nil
}

// onRankZero calls f on rank 0 of a job, and in a process that is alone.
func onRankZero(f func()) {
	if mpi.Rank() == 0 {
		f()
	}
}

// OneRank is an error if a launcher of MPI has started this process with others: what, a
// command or a flag, does not divide its work among them.
func OneRank(what string) error {
	if mpi.Launched() {
		return Misusef("%s runs on one rank: start it without mpirun", what)
	}
	return nil
}

// leave ends this rank's part in the job with an exit code, and prints text, the error of one
// line, if there is one: once, by rank 0, if all ranks have the error, and otherwise by the
// rank that has it, which then ends all others.
func (f *Flags) leave(code int, err error, text string, stderr io.Writer) int {
	g, rank := f.ranks, mpi.Rank()
	if g == nil { // not joined yet
		g = ranks.Alone{}
	}
	var agreed *ranks.Agreed
	together := err == nil || errors.As(err, &agreed) || code == Interrupted && !errors.Is(err, errAbandoned)
	if !together {
		reportInOrder(rank, f.ranks != nil)
	}
	if code == Interrupted && f.ranks == nil && mpi.Launched() {
		text = "" // by the launcher, because another rank has failed and said so
	}
	if text != "" && (rank == 0 || !together && code != Interrupted) {
		if !together && mpi.Launched() {
			text = fmt.Sprintf("rank %d: %s", rank, text)
		}
		fmt.Fprintf(stderr, "%s: %s\n", f.Name(), text)
	}
	if !together {
		g.Abort(code)
		return code
	}
	if err := closeRanks(g, code); err != nil {
		fmt.Fprintf(stderr, "%s: rank %d: %s\n", f.Name(), rank, oneLine(err))
		return max(code, Failed)
	}
	return code
}

// reportInOrder lets lower ranks report first: they end the others, which mostly have the
// same error. Before a process has joined the job, its launcher takes seconds to end it.
func reportInOrder(rank int, joined bool) {
	d := time.Duration(bits.Len(uint(rank))) * 1500 * time.Millisecond
	if rank > 0 && !joined {
		d += 3 * time.Second
	}
	time.Sleep(d)
}

// closeRanks leaves the group. A job that has failed or was interrupted ends in any case:
// the launcher does not wait long.
func closeRanks(g ranks.Group, code int) error {
	if code == Done {
		return g.Close()
	}
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		_ = g.Close() // the job has failed already
	}()
	select {
	case <-closed:
	case <-time.After(5 * time.Second):
		g.Abort(code)
	}
	return nil
}

// errAbandoned is ErrInterrupted of a command that was still running.
var errAbandoned = fmt.Errorf("%w", ErrInterrupted)

// exitCode returns the code and the line for an error of a command.
func exitCode(err error) (code int, text string) {
	if errors.Is(err, context.Canceled) && !errors.Is(err, ErrInterrupted) {
		err = ErrInterrupted
	}
	var misuse *Usage
	switch {
	case err == nil:
		return Done, ""
	case errors.Is(err, ErrInterrupted):
		code = Interrupted
	case errors.As(err, &misuse):
		code = Misused
	default:
		code = Failed
	}
	return code, oneLine(err)
}
