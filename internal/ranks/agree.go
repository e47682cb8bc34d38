package ranks

import (
	"errors"
	"fmt"
)

// Agreed is an error that all ranks have: each received it from Agree, so rank 0 alone
// reports it, and all end by themselves.
type Agreed struct {
	Rank int    // the lowest with an error
	Text string // of its error
	Size int
	err  error // on that rank
}

func (a *Agreed) Error() string {
	if a.Size == 1 {
		return a.Text
	}
	return fmt.Sprintf("rank %d of %d: %s", a.Rank, a.Size, a.Text)
}

// Unwrap returns the cause on the rank that has the error.
func (a *Agreed) Unwrap() error { return a.err }

// Agree is a collective that lets all ranks fail if one does. Every rank passes its error or
// nil; all receive nil if there is no error, and otherwise that of the lowest rank with one,
// as an *Agreed. An error that is one already is returned: all ranks have it.
func Agree(g Group, err error) error {
	var already *Agreed
	if g.Size() == 1 || errors.As(err, &already) {
		return err
	}
	failed := []int64{int64(g.Size())}
	if err != nil {
		failed[0] = int64(g.Rank())
	}
	if e := AllReduce(g, failed, Min); e != nil {
		return e
	}
	rank := int(failed[0])
	if rank == g.Size() {
		return nil
	}
	a := &Agreed{Rank: rank, Size: g.Size(), err: err}
	length := []int64{0}
	if rank == g.Rank() {
		a.Text = err.Error()
		length[0] = int64(len(a.Text))
	}
	if e := Broadcast(g, length, rank); e != nil {
		return e
	}
	text := make([]byte, length[0])
	copy(text, a.Text)
	if e := g.Broadcast(text, rank); e != nil {
		return e
	}
	a.Text = string(text)
	return a
}
