package parallel

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// withThreads sets the number of threads for the test's duration.
func withThreads(t testing.TB, n int) {
	t.Helper()
	SetThreads(n)
	t.Cleanup(func() { SetThreads(0) })
}

func TestEachRunsEveryIndexOnce(t *testing.T) {
	for _, threads := range []int{1, 2, 3, 8} {
		withThreads(t, threads)
		assert.Equal(t, threads, Threads())
		for _, n := range []int{0, 1, 2, 3, 7, 100, 1000} {
			seen := make([]atomic.Int32, n)
			Each(n, func(i int) { seen[i].Add(1) })
			for i := range seen {
				require.Equal(t, int32(1), seen[i].Load(), "threads %d, n %d, index %d", threads, n, i)
			}
		}
	}
}

func TestEachNested(t *testing.T) {
	withThreads(t, 4)
	var sum atomic.Int64
	Shards(6, func(i int) {
		Each(50, func(j int) {
			Each(3, func(k int) { sum.Add(int64(i*j + k)) })
		})
	})
	// Σi·j·3 + Σk = 15·1225·3 + 6·50·3
	assert.Equal(t, int64(15*1225*3+900), sum.Load())
}

func TestEachFromManyGoroutines(t *testing.T) {
	withThreads(t, 3)
	done := make(chan int64)
	for g := range 8 {
		go func() {
			var sum atomic.Int64
			for round := range 200 {
				Each(16, func(i int) { sum.Add(int64(i)) })
				if round%50 == g {
					runtime.GC()
				}
			}
			done <- sum.Load()
		}()
	}
	for range 8 {
		assert.Equal(t, int64(200*120), <-done)
	}
}

func TestEachPanicReachesCaller(t *testing.T) {
	for _, threads := range []int{1, 2, 4} {
		withThreads(t, threads)
		for _, at := range []int{0, 1, 63} {
			assert.PanicsWithValue(t, "stop", func() {
				Each(64, func(i int) {
					if i == at {
						panic("stop")
					}
				})
			})
		}
		var count atomic.Int32
		Each(10, func(int) { count.Add(1) })
		assert.Equal(t, int32(10), count.Load(), "the workers must survive a panic")
	}
}

func TestEachGoexitDoesNotHang(t *testing.T) {
	withThreads(t, 2)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { _ = recover() }() // panics if a worker ran the index
		Each(2, func(i int) { runtime.Goexit() })
	}()
	<-done
	var count atomic.Int32
	Each(10, func(int) { count.Add(1) })
	assert.Equal(t, int32(10), count.Load())
}

func TestEachOneProcessor(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	withThreads(t, 2)
	var count atomic.Int32
	for range 50 {
		Each(8, func(int) {
			count.Add(1)
			runtime.Gosched()
		})
	}
	assert.Equal(t, int32(400), count.Load())
}

func TestEachAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("sync.Pool drops items at random under the race detector")
	}
	withThreads(t, 2)
	var sum atomic.Int64
	f := func(i int) { sum.Add(1) }
	Each(4, f)
	assert.Zero(t, testing.AllocsPerRun(1000, func() { Each(4, f) }))
}

func TestSetThreadsWhileRunning(t *testing.T) {
	t.Cleanup(func() { SetThreads(0) })
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 300 {
			SetThreads(i % 5)
		}
	}()
	for running := true; running; {
		var count atomic.Int32
		Each(9, func(int) { count.Add(1) })
		require.Equal(t, int32(9), count.Load())
		select {
		case <-done:
			running = false
		default:
		}
	}
}

// BenchmarkEach runs two functions of 2 µs each on two threads: the time above 2000
// ns/op is the cost of Each.
func BenchmarkEach(b *testing.B) {
	withThreads(b, 2)
	f := func(int) {
		for start := time.Now(); time.Since(start) < 2*time.Microsecond; {
		}
	}
	for b.Loop() {
		Each(2, f)
	}
}
