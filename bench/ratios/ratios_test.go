package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Medians and ratios by hand: 2 ms of 1, 2 and 3; 20 ms alone; 20/2.
func TestTable(t *testing.T) {
	var out strings.Builder
	require.NoError(t, table(strings.NewReader(`goos: linux
BenchmarkLayers/linear/both/fused-2   	 213	   3000000 ns/op	    2000 B/op	      33 allocs/op
BenchmarkLayers/linear/both/fused-2   	 213	   1000000 ns/op	    2000 B/op	      33 allocs/op
BenchmarkLayers/linear/both/fused-2   	 213	   2000000 ns/op	    2000 B/op	      33 allocs/op
BenchmarkLayers/linear/both/stock-2   	  31	  20000000 ns/op	 3000000 B/op	     378 allocs/op
BenchmarkExp-2	 100	 5 ns/op
BenchmarkPlain/fused 	 1	 500.5 ns/op
BenchmarkPlain/stock 	 1	 250.25 ns/op
PASS
`), &out))
	assert.Equal(t, `| benchmark | ms, fused | ms, stock | stock by fused | kB allocated, fused | kB allocated, stock |
| --- | --- | --- | --- | --- | --- |
| Layers/linear/both | 2.000 | 20.000 | 10.0 | 2.0 | 3000.0 |
| Plain | 0.001 | 0.000 | 0.5 | – | – |
`, out.String())
}

func TestTableErrors(t *testing.T) {
	for in, want := range map[string]string{
		"":                                 "no line of the input",
		"BenchmarkA/fused-2 1 5 ns/op":     "A: 1 measurements fused and 0 in stock ops",
		"--- FAIL: BenchmarkA\nFAIL bench": "the benchmarks failed: --- FAIL",
	} {
		assert.ErrorContains(t, table(strings.NewReader(in), &strings.Builder{}), want, in)
	}
}

func FuzzTable(f *testing.F) {
	f.Add("BenchmarkA/fused-2 1 5 ns/op\nBenchmarkA/stock-2 1 6 ns/op 7 B/op")
	f.Fuzz(func(t *testing.T, in string) {
		var out strings.Builder
		if table(strings.NewReader(in), &out) == nil {
			assert.Contains(t, out.String(), "---")
		}
	})
}
