// Package ranks lets the processes that train together, the ranks of a job, exchange
// values. Package mpi implements Group between processes, package rankstest between
// goroutines; Alone is a group of one.
package ranks

// Group is one rank's access to all ranks of a job. Its collectives (Barrier, Broadcast,
// AllGather, AllToAll, AllReduce) must be called by every rank, in the same order, with
// sizes that agree; one goroutine of a rank calls at a time. They move bytes; the functions
// of this package with the same names take slices of values.
//
// After an error of a collective the group is of no more use: report it, call Abort, end.
type Group interface {
	// Rank is the number of this rank, from 0 to Size()-1.
	Rank() int
	// Size is the number of ranks.
	Size() int
	// Library names what connects the ranks, as "Open MPI 4.1.4"; "" for a single process.
	Library() string

	// Barrier returns when every rank has called it.
	Barrier() error
	// Broadcast copies b of the root to b of all others, which has the same length.
	Broadcast(b []byte, root int) error
	// AllGather copies each rank's part of b to all others: b[ends[r-1]:ends[r]] is the part
	// of rank r, and b[:ends[0]] that of rank 0. Parts may be empty.
	AllGather(b []byte, ends []int) error
	// AllToAll sends send[r] to rank r, and receives recv[r] from it. Lengths may differ
	// between ranks, and are 0 where there is nothing to send; recv[r] is as long as what
	// rank r sends. The two must not overlap.
	AllToAll(send, recv [][]byte) error
	// AllReduce replaces the values in b, of which every rank has as many, by the result of
	// op over the ranks. All ranks receive the same bits, but the order of a sum of
	// fractions is the library's and depends on the number of ranks: sum in an order of
	// your own after AllGather or AllToAll where bits matter.
	AllReduce(b []byte, kind Kind, op Op) error

	// Memory returns n zero bytes to communicate from. They are never freed or moved, which
	// networks with remote access to memory require; other memory works too, at the price
	// of a copy on some networks.
	Memory(n int) []byte
	// Abort ends all ranks of the job, this one too, with an exit code other than 0. It
	// returns only if there is a single process or the library fails to end it.
	Abort(code int)
	// Close waits for all ranks and leaves the group. A process that does not call it
	// before it ends makes the launcher report a failure.
	Close() error
}

// Kind is a type of values.
type Kind int

// Kinds of values that AllReduce takes.
const (
	Float32 Kind = iota
	Float64
	Int64
)

// Bytes returns the size of a value.
func (k Kind) Bytes() int {
	if k == Float32 {
		return 4
	}
	return 8
}

func (k Kind) String() string { return [...]string{"float32", "float64", "int64"}[k] }

// Op combines the values of two ranks.
type Op int

// Operations of AllReduce.
const (
	Sum Op = iota
	Max
	Min
)

func (o Op) String() string { return [...]string{"sum", "max", "min"}[o] }

// Ends divides n values into parts of sizes as equal as possible, one for each rank, and
// returns the end of each: rank r has the values from ends[r-1] (0 for rank 0) to ends[r].
func Ends(n, size int) []int {
	ends := make([]int, size)
	for r := range ends {
		ends[r] = (r + 1) * n / size
	}
	return ends
}

// Part returns where the part of a rank begins and ends.
func Part(ends []int, rank int) (from, to int) {
	if rank > 0 {
		from = ends[rank-1]
	}
	return from, ends[rank]
}
