package training

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/layers/graph"
)

// Worked out by hand: 8 shards of 2 sequences, 1,000,000 values, 1 MB/ms.
func TestScale(t *testing.T) {
	c := Default()
	c.Training.Batch, c.Training.Shards, c.Training.Accumulate = 16, 8, 1
	small := ScaleConfig(c, 2)
	assert.Equal(t, [2]int{4, 2}, [2]int{small.Training.Batch, small.Training.Shards})
	m := &Measurement{Step: 50 * time.Millisecond, Sum: 2 * time.Millisecond, Optimizer: 8 * time.Millisecond,
		Shards: 2, State: 12_000_000, Planned: 6_000_000}
	params := []*graph.Param{{Path: "w", Shape: []int{1000, 1000}}}
	s, err := NewScale(c, m, params, 1e9, 0)
	require.NoError(t, err)
	s.Copy = math.Inf(1)
	assert.Equal(t, 8, s.MaxRanks())

	one := s.At(1) // 16 sequences of 10 ms, 8 sums of 1 ms, 8 ms
	assert.Equal(t, 176*time.Millisecond, one.Step)
	assert.Zero(t, one.Communicate)
	assert.InDelta(t, 1, one.Efficiency, 1e-9)
	assert.Equal(t, 12_000_000+8*3_000_000, one.Memory)

	four := s.At(4) // 4 sequences, 2 sums, 2 ms; two shards of 3 MB and 3 MB of values
	assert.InDelta(t, 44+9, four.Step.Seconds()*1e3, 1e-5)
	assert.InDelta(t, 9, four.Communicate.Seconds()*1e3, 1e-5)
	assert.InDelta(t, 176.0/4/53, four.Efficiency, 1e-9)
	// A quarter of two values of AdamW and of a sum for each value; of 8 shards' gradients, 250,000 values
	// of the rank's own range and as much of its two shards for each of three others.
	assert.Equal(t, 4_000_000+3_000_000+4*250_000*14+2*3_000_000, four.Memory)
	assert.InDelta(t, 16*float64(c.Model.Common().Context)/0.053, four.Tokens, 1e-6)

	s.Copy = 1e9 // 9 MB, twice
	assert.InDelta(t, 9+18, s.At(4).Communicate.Seconds()*1e3, 1e-5)
	s.Copy, s.Latency = math.Inf(1), time.Millisecond // three others, to send and to gather; four numbers in two steps
	assert.InDelta(t, 9+2*3+4*2, s.At(4).Communicate.Seconds()*1e3, 1e-5)
	s.Config.Training.Wire = "bf16" // gradients of 3 MB instead of 6
	assert.InDelta(t, 6+2*3+4*2, s.At(4).Communicate.Seconds()*1e3, 1e-5)
	_, err = NewScale(c, m, params, 0, 0)
	require.ErrorContains(t, err, "a rate above 0")
}
