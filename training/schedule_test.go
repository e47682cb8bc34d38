package training

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// By hand: the warm-up is over after 10 steps or a tenth of the time, the decay after 110 steps
// or all of it. The clock's position is 10·t/0.1, then 10 + 100·(t−0.1)/0.9 steps.
func TestRateWithin(t *testing.T) {
	s := Schedule{Name: "linear", MinLR: 0.1, Warmup: 10, Steps: 110}
	for _, tt := range []struct {
		t    float64
		step int
		want float64
	}{
		{0, 0, 1.0 / 11},
		{0, 9, 10.0 / 11},
		{0.05, 0, 6.0 / 11}, // half of the warm-up
		{0.05, 8, 9.0 / 11}, // the steps are further
		{0.1, 0, 1},
		{0.1, 60, 0.55},
		{0.55, 0, 0.55},
		{0.55, 20, 0.55},
		{0.55, 85, 0.325},
		{1, 0, 0.1},
		{1.5, 20, 0.1},
		{0.3, 200, 0.1},
	} {
		assert.InDelta(t, tt.want, s.RateWithin(tt.t, tt.step, 1), 1e-12, "%v", tt)
	}
	for _, name := range []string{"cosine", "linear", "constant", "inverse_sqrt"} {
		s.Name = name
		for step := range 120 {
			assert.Equal(t, s.Rate(step, 1), s.RateWithin(0, step, 1), "%s: without a clock nothing changes", name)
		}
		assert.InDelta(t, s.Rate(110, 1), s.RateWithin(1, 3, 1), 1e-12, "%s ends where it would after all steps", name)
	}
	s = Schedule{Name: "linear", MinLR: 0.1, Steps: 100}
	assert.InDelta(t, 0.55, s.RateWithin(0.5, 0, 1), 1e-12, "without a warm-up the decay begins at once")
}

// A run with a time limit far below its steps warms up and decays within the time; one that is
// resumed goes on from the time that it has spent.
func TestScheduleFollowsTheClock(t *testing.T) {
	c := tiny(t, "training.for=2s", "training.steps=100000000", "schedule.warmup=10000000", "training.eval_every=0", "training.sample=0")
	dir := filepath.Join(t.TempDir(), "run")
	r := begin(t, c, dir)
	var rates []float64
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	r.Watch.Step = func(s Step) {
		if rates = append(rates, s.LR); r.elapsed() > time.Second {
			cancel()
		}
	}
	require.ErrorIs(t, r.Train(ctx), ErrInterrupted)
	require.NoError(t, r.Close())
	half := len(rates)
	r, err := Resume(dir, nil, nil)
	require.NoError(t, err)
	assert.InDelta(t, time.Second, r.elapsed(), float64(500*time.Millisecond), "spent before")
	r.Watch.Step = func(s Step) { rates = append(rates, s.LR) }
	require.NoError(t, r.Train(context.Background()))
	require.NoError(t, r.Close())
	lr := c.Optimizer.LR
	require.Greater(t, len(rates), half)
	highest := 0.0
	for _, rate := range rates[:half] {
		highest = max(highest, rate)
	}
	assert.Greater(t, highest, 0.9*lr, "the warm-up is over after a tenth")
	assert.Less(t, rates[half], 0.8*lr, "more than half of the time is over")
	assert.Less(t, rates[len(rates)-1], 0.2*lr, "the decay ends at a tenth")
}
