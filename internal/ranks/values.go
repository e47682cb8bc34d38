package ranks

import (
	"fmt"
	"unsafe"
)

// Value is a value that ranks exchange.
type Value interface {
	~float32 | ~float64 | ~int64 | ~int32 | ~uint16 | ~byte
}

// Number is a value that AllReduce combines.
type Number interface{ float32 | float64 | int64 }

// Broadcast copies the values of the root to all other ranks.
func Broadcast[V Value](g Group, x []V, root int) error { return g.Broadcast(bytesOf(x), root) }

// AllGather copies each rank's part of x to all others: rank r has x[ends[r-1]:ends[r]].
func AllGather[V Value](g Group, x []V, ends []int) error {
	return g.AllGather(bytesOf(x), scaled(ends, sizeOf[V]()))
}

// AllToAll sends send[r] to rank r, and receives recv[r] from it.
func AllToAll[V Value](g Group, send, recv [][]V) error {
	return g.AllToAll(allBytes(send), allBytes(recv))
}

// AllReduce replaces the values of x by those of op over all ranks.
func AllReduce[N Number](g Group, x []N, op Op) error {
	kind := Float32
	switch any(x).(type) {
	case []float64:
		kind = Float64
	case []int64:
		kind = Int64
	}
	return g.AllReduce(bytesOf(x), kind, op)
}

// Memory returns n zeros in memory to communicate from: see Group.Memory.
func Memory[V Value](g Group, n int) []V {
	if n == 0 {
		return nil
	}
	b := g.Memory(n * sizeOf[V]())
	return unsafe.Slice((*V)(unsafe.Pointer(unsafe.SliceData(b))), n)
}

// Gather returns the bytes of every rank, which may have different lengths, by rank.
func Gather(g Group, mine []byte) ([][]byte, error) {
	lengths := make([]int64, g.Size())
	lengths[g.Rank()] = int64(len(mine))
	if err := AllGather(g, lengths, Ends(g.Size(), g.Size())); err != nil {
		return nil, err
	}
	ends, all := make([]int, g.Size()), 0
	for r, n := range lengths {
		if n < 0 {
			return nil, fmt.Errorf("rank %d has %d bytes to gather", r, n)
		}
		all += int(n)
		ends[r] = all
	}
	b := make([]byte, all)
	from, to := Part(ends, g.Rank())
	copy(b[from:to], mine)
	if err := g.AllGather(b, ends); err != nil {
		return nil, err
	}
	parts := make([][]byte, g.Size())
	for r := range parts {
		from, to := Part(ends, r)
		parts[r] = b[from:to:to]
	}
	return parts, nil
}

func sizeOf[V Value]() int {
	var v V
	return int(unsafe.Sizeof(v))
}

// bytesOf returns the memory of x.
func bytesOf[V Value](x []V) []byte {
	if len(x) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), len(x)*sizeOf[V]())
}

func allBytes[V Value](lists [][]V) [][]byte {
	bytes := make([][]byte, len(lists))
	for i, l := range lists {
		bytes[i] = bytesOf(l)
	}
	return bytes
}

func scaled(ends []int, by int) []int {
	scaled := make([]int, len(ends))
	for i, end := range ends {
		scaled[i] = end * by
	}
	return scaled
}
