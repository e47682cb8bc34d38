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
	s.Decay, s.Factor, s.Every = 0.2, 0.5, 30
	for _, name := range ScheduleNames() {
		s.Name = name
		for step := range 120 {
			assert.Equal(t, s.Rate(step, 1), s.RateWithin(0, step, 1), "%s: without a clock nothing changes", name)
		}
		assert.InDelta(t, s.Rate(110, 1), s.RateWithin(1, 3, 1), 1e-12, "%s ends where it would after all steps", name)
	}
	s = Schedule{Name: "linear", MinLR: 0.1, Steps: 100}
	assert.InDelta(t, 0.55, s.RateWithin(0.5, 0, 1), 1e-12, "without a warm-up the decay begins at once")
}

// By hand, after a warm-up of 10 of 110 steps.
func TestSchedules(t *testing.T) {
	s := Schedule{MinLR: 0.1, Warmup: 10, Steps: 110, Decay: 0.25, Factor: 0.5, Every: 40}
	for name, want := range map[string]map[int]float64{
		"wsd":         {4: 5.0 / 11, 10: 1, 85: 1, 97: 0.1 + 0.9*13/25, 110: 0.1, 300: 0.1},
		"exponential": {10: 1, 60: 0.31622777, 110: 0.1, 300: 0.1},
		"step":        {10: 1, 49: 1, 50: 0.5, 89: 0.5, 90: 0.25, 130: 0.125, 170: 0.1},
		"plateau":     {4: 5.0 / 11, 10: 1, 300: 1},
	} {
		s.Name = name
		for step, rate := range want {
			assert.InDelta(t, rate, s.Rate(step, 1), 1e-8, "%s, step %d", name, step)
		}
	}
}

func TestScheduleWarnings(t *testing.T) {
	s := Schedule{Name: "cosine", Warmup: 10, Steps: 110, Decay: 0.25, Factor: 0.5, Every: 40, Patience: 2}
	for want, of := range map[string]struct {
		name               string
		steps, evaluations int
	}{
		"the warm-up of 10 steps does not end in 10 steps":                        {"linear", 10, 9},
		"the decay of the learning rate is cut off: schedule.steps is 110":        {"cosine", 80, 9},
		"only the last 0.25 of them decay":                                        {"wsd", 85, 9},
		"does not fall in 50 steps: schedule.every is 40":                         {"step", 50, 9},
		"does not fall in 50 steps: they have 2 evaluations, and schedule.patien": {"plateau", 50, 2},
	} {
		s.Name = of.name
		assert.Contains(t, s.warning(of.steps, of.evaluations), want)
	}
	for _, name := range ScheduleNames() {
		s.Name = name
		assert.Empty(t, s.warning(110, 3), name)
	}
}

// A run with a time limit far below its steps warms up and decays within the time; one that is
// resumed goes on from the time that it has spent.
func TestScheduleFollowsTheClock(t *testing.T) {
	c := tiny(t, "training.for=2s", "training.steps=100000000", "schedule.warmup=10000000", "training.eval_every=0", "training.sample=0")
	dir := filepath.Join(t.TempDir(), "run")
	r := begin(t, c, dir)
	var rates, shares []float64
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	r.Watch.Step = func(s Step) {
		shares = append(shares, s.Share)
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
	r.Watch.Step = func(s Step) { rates, shares = append(rates, s.LR), append(shares, s.Share) }
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
	assert.IsNonDecreasing(t, shares)
	assert.Less(t, shares[0], 0.5)
	assert.InDelta(t, 0.5, shares[half], 0.25)
	assert.InDelta(t, 1, shares[len(shares)-1], 0.05, "the time is over, the steps are not")
}
