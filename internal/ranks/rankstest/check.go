package rankstest

import (
	"fmt"
	"slices"

	"euryale/internal/ranks"
)

// Check calls every collective of a group with values that every rank can compute, up to n
// in a part, and returns an error for the first wrong one. All ranks must call it.
func Check(g ranks.Group, n int) error {
	for _, n := range []int{0, n} {
		if err := checkMoves(g, n); err != nil {
			return fmt.Errorf("with parts of %d values: %w", n, err)
		}
		for _, op := range []ranks.Op{ranks.Sum, ranks.Max, ranks.Min} {
			if err := checkAllReduce(g, n, op); err != nil {
				return fmt.Errorf("with %d values, %v: %w", n, op, err)
			}
		}
	}
	return g.Barrier()
}

func checkMoves(g ranks.Group, n int) error {
	for _, check := range []func(ranks.Group, int) error{checkBroadcast, checkAllGather, checkAllToAll} {
		if err := check(g, n); err != nil {
			return err
		}
	}
	return nil
}

// valueOf is a value that depends on all its arguments, and is exact in every type.
func valueOf(from, to, i int) float32 { return float32(1 + i%1000 + 1000*from + 100_000*(to%100)) }

func fill(n, from, to int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = valueOf(from, to, i)
	}
	return x
}

func checkBroadcast(g ranks.Group, n int) error {
	for root := range g.Size() {
		x := fill(n, g.Rank(), 0)
		if err := ranks.Broadcast(g, x, root); err != nil {
			return err
		}
		if !slices.Equal(x, fill(n, root, 0)) {
			return fmt.Errorf("rank %d: wrong values of a broadcast from rank %d", g.Rank(), root)
		}
	}
	return nil
}

// checkAllGather gathers parts of different sizes, one of which is empty.
func checkAllGather(g ranks.Group, n int) error {
	ends, all := make([]int, g.Size()), 0
	for r := range ends {
		all += n * r
		ends[r] = all
	}
	x := make([]float32, all)
	from, to := ranks.Part(ends, g.Rank())
	copy(x[from:to], fill(to-from, g.Rank(), 0))
	if err := ranks.AllGather(g, x, ends); err != nil {
		return err
	}
	for r := range ends {
		if from, to := ranks.Part(ends, r); !slices.Equal(x[from:to], fill(to-from, r, 0)) {
			return fmt.Errorf("rank %d: wrong values from rank %d in an all-gather", g.Rank(), r)
		}
	}
	return nil
}

// checkAllToAll sends parts whose size depends on both ranks, some of them empty.
func checkAllToAll(g ranks.Group, n int) error {
	size := func(from, to int) int { return n * ((2*from + to) % 3) }
	send, recv := make([][]float32, g.Size()), make([][]float32, g.Size())
	for r := range send {
		send[r], recv[r] = fill(size(g.Rank(), r), g.Rank(), r), make([]float32, size(r, g.Rank()))
	}
	if err := ranks.AllToAll(g, send, recv); err != nil {
		return err
	}
	for r := range recv {
		if !slices.Equal(recv[r], fill(size(r, g.Rank()), r, g.Rank())) {
			return fmt.Errorf("rank %d: wrong values from rank %d in an all-to-all", g.Rank(), r)
		}
	}
	return nil
}

func checkAllReduce(g ranks.Group, n int, op ranks.Op) error {
	x32, x64, xInt := fill(n, g.Rank(), 0), make([]float64, n), make([]int64, n)
	for i, v := range x32 {
		x64[i], xInt[i] = float64(v)/2, -int64(v)<<33
	}
	for _, err := range []error{ranks.AllReduce(g, x32, op), ranks.AllReduce(g, x64, op), ranks.AllReduce(g, xInt, op)} {
		if err != nil {
			return err
		}
	}
	for i := range n {
		want, wantInt := float32(0), int64(0)
		for r := range g.Size() {
			v := valueOf(r, 0, i)
			switch {
			case op == ranks.Sum:
				want, wantInt = want+v, wantInt-int64(v)<<33
			case r == 0 || op == ranks.Max && v > want || op == ranks.Min && v < want:
				want = v
			}
		}
		switch op {
		case ranks.Max:
			wantInt = -int64(valueOf(0, 0, i)) << 33
		case ranks.Min:
			wantInt = -int64(valueOf(g.Size()-1, 0, i)) << 33
		}
		if x32[i] != want || x64[i] != float64(want)/2 || xInt[i] != wantInt {
			return fmt.Errorf("rank %d: value %d is %v, %v, %v, want %v, %v, %v", g.Rank(), i, x32[i], x64[i], xInt[i], want, want/2, wantInt)
		}
	}
	return nil
}
