package ranks

import "fmt"

// Alone is the group of a process that no launcher has started: its only rank is 0.
type Alone struct{}

// Rank returns 0.
func (Alone) Rank() int { return 0 }

// Size returns 1.
func (Alone) Size() int { return 1 }

// Library returns "".
func (Alone) Library() string { return "" }

// Barrier returns at once.
func (Alone) Barrier() error { return nil }

// Broadcast leaves b as it is.
func (Alone) Broadcast(b []byte, root int) error { return nil }

// AllGather leaves b as it is.
func (Alone) AllGather(b []byte, ends []int) error { return CheckEnds(len(b), ends, 1) }

// AllToAll copies what the rank sends to itself.
func (Alone) AllToAll(send, recv [][]byte) error {
	if err := CheckLists(send, recv, 0, 1); err != nil {
		return err
	}
	copy(recv[0], send[0])
	return nil
}

// AllReduce leaves b as it is.
func (Alone) AllReduce(b []byte, kind Kind, op Op) error { return nil }

// Memory returns n bytes.
func (Alone) Memory(n int) []byte { return make([]byte, n) }

// Abort returns: there are no others to end.
func (Alone) Abort(code int) {}

// Close does nothing.
func (Alone) Close() error { return nil }

// CheckEnds checks the arguments of AllGather for a buffer of n bytes.
func CheckEnds(n int, ends []int, size int) error {
	if len(ends) != size {
		return fmt.Errorf("all-gather: %d ends for %d ranks", len(ends), size)
	}
	last := 0
	for r, end := range ends {
		if end < last || end > n {
			return fmt.Errorf("all-gather: the part of rank %d ends at byte %d, want %d to %d", r, end, last, n)
		}
		last = end
	}
	return nil
}

// CheckLists checks the arguments of AllToAll of one rank.
func CheckLists(send, recv [][]byte, rank, size int) error {
	switch {
	case len(send) != size || len(recv) != size:
		return fmt.Errorf("all-to-all: %d parts to send and %d to receive, want one for each of %d ranks", len(send), len(recv), size)
	case len(send[rank]) != len(recv[rank]):
		return fmt.Errorf("all-to-all: rank %d sends itself %d bytes and receives %d", rank, len(send[rank]), len(recv[rank]))
	}
	return nil
}
