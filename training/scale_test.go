package training

import (
	"fmt"
	"math"
	"strings"
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
	// A quarter of two values of AdamW and of a sum for each value; all values at once; two shards.
	assert.Equal(t, 4_000_000+3_000_000+4_000_000+2*3_000_000, four.Memory)
	assert.InDelta(t, 16*float64(c.Model.Common().Context)/0.053, four.Tokens, 1e-6)

	s.Copy = 1e9 // 9 MB
	assert.InDelta(t, 9+9, s.At(4).Communicate.Seconds()*1e3, 1e-5)
	s.Copy, s.Latency = math.Inf(1), time.Millisecond // three others, to send to in 8 rounds, and to gather; four numbers in two steps
	assert.InDelta(t, 9+(8+1)*3+4*2, s.At(4).Communicate.Seconds()*1e3, 1e-5)
	s.Config.Training.Wire = "bf16" // gradients of 3 MB instead of 6
	assert.InDelta(t, 6+(8+1)*3+4*2, s.At(4).Communicate.Seconds()*1e3, 1e-5)

	s.Config.Training.Wire, s.Backward = "fp32", 0.5 // of four sequences, 20 ms, from the first of 8 rounds on
	assert.InDelta(t, 6+8*3-20*7/8.+3+3+4*2, s.At(4).Communicate.Seconds()*1e3, 1e-5)
	s.Latency = 0 // the last round alone
	assert.InDelta(t, 6/8.+3, s.At(4).Communicate.Seconds()*1e3, 1e-5)
	s.Together, s.Link = 1, 5e8 // the second of two shards has 10 ms
	assert.InDelta(t, 12-10*7/8.+6, s.At(4).Communicate.Seconds()*1e3, 1e-5)
	_, err = NewScale(c, m, params, 0, 0)
	require.ErrorContains(t, err, "a rate above 0")
}

// The table of docs/scale.md, in both languages: GPT with 124 million parameters, updates of 1,024 sequences
// of 1,024 tokens, one shard for each rank.
func TestScaleOfPage(t *testing.T) {
	params := []*graph.Param{{Path: "w", Shape: []int{124_439_808}}} // GPT-2
	predict := func(n int, tokens, link float64) Prediction {
		c := Default()
		c.Training.Batch, c.Training.Shards, c.Model.Common().Context = 1024, n, 1024
		s := &Scale{Config: c, Params: params, Sequence: seconds(1024 / tokens), Backward: 2. / 3, Together: 1,
			Link: link / 8, Latency: 50 * time.Microsecond, Copy: copyRate}
		return s.At(n)
	}
	for _, n := range []int{1, 8, 64, 256, 1024} {
		cells := []string{strings.ReplaceAll(fmt.Sprintf("%d", n), "1024", "1,024")}
		for _, m := range []struct{ tokens, link float64 }{{300, 10e9}, {3000, 10e9}, {3000, 100e9}} {
			p := predict(n, m.tokens, m.link)
			text := fmt.Sprintf("%.0f", p.Step.Seconds())
			if p.Step < 10*time.Second {
				text = fmt.Sprintf("%.1f", p.Step.Seconds())
			}
			alone := 1024 * 1024 / m.tokens // one rank with one shard, whose sums take no time here
			cells = append(cells, fmt.Sprintf("%s s, %.0f %%", strings.ReplaceAll(text, "3495", "3,495"), 100*alone/float64(n)/p.Step.Seconds()))
		}
		row := "| " + strings.Join(append(cells, fmt.Sprintf("%.2f GB", float64(predict(n, 300, 10e9).Memory)/1e9)), " | ") + " |"
		for _, page := range []string{"scale.md", "scale.zh-CN.md"} {
			assert.Contains(t, string(read(t, "../docs", page)), row, page)
		}
	}
}
