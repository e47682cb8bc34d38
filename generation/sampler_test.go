package generation

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shares draws many tokens from fixed logits and returns how often each came.
func shares(t *testing.T, s Settings, logits []float32) []float64 {
	t.Helper()
	const n = 20000
	d := newSampler(s, Prompt{}, nil, 0)
	count := make([]float64, len(logits))
	for range n {
		id, _, err := d.next(logits, nil)
		require.NoError(t, err)
		count[id] += 1.0 / n
	}
	return count
}

// logits are the logarithms of these shares, plus a constant that must not matter.
func logits(shares ...float64) []float32 {
	l := make([]float32, len(shares))
	for i, p := range shares {
		l[i] = float32(math.Log(p)) + 50
	}
	return l
}

func TestDraw(t *testing.T) {
	l := logits(0.1, 0.4, 0.05, 0.3, 0.15)
	for name, c := range map[string]struct {
		s    Settings
		want []float64
	}{
		"greedy":        {Settings{}, []float64{0, 1, 0, 0, 0}},
		"plain":         {Settings{Temperature: 1}, []float64{0.1, 0.4, 0.05, 0.3, 0.15}},
		"cold":          {Settings{Temperature: 0.5}, []float64{0.01 / 0.285, 0.16 / 0.285, 0.0025 / 0.285, 0.09 / 0.285, 0.0225 / 0.285}},
		"frozen":        {Settings{Temperature: 1e-300}, []float64{0, 1, 0, 0, 0}},
		"top-k":         {Settings{Temperature: 1, TopK: 2}, []float64{0, 4.0 / 7, 0, 3.0 / 7, 0}},
		"top-p":         {Settings{Temperature: 1, TopP: 0.8}, []float64{0, 0.4 / 0.85, 0, 0.3 / 0.85, 0.15 / 0.85}},
		"top-p of one":  {Settings{Temperature: 1, TopP: 0.01}, []float64{0, 1, 0, 0, 0}},
		"top-k, top-p":  {Settings{Temperature: 1, TopK: 3, TopP: 0.5}, []float64{0, 4.0 / 7, 0, 3.0 / 7, 0}},
		"min-p":         {Settings{Temperature: 1, MinP: 0.5}, []float64{0, 4.0 / 7, 0, 3.0 / 7, 0}},
		"ban":           {Settings{Temperature: 1, Ban: []int{1, 3}}, []float64{1.0 / 3, 0, 0.5 / 3, 0, 0.5}},
		"banned greedy": {Settings{Ban: []int{1}}, []float64{0, 0, 0, 1, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			assert.InDeltaSlice(t, c.want, shares(t, c.s, l), 0.012) // over 3 standard deviations of 20,000 draws
		})
	}
}

func TestPenalties(t *testing.T) {
	d := newSampler(Settings{RepetitionPenalty: 2}, Prompt{}, nil, 0)
	id, logprob, err := d.next([]float32{1, 1.5, -1}, []int{1, 1})
	require.NoError(t, err)
	assert.Equal(t, 0, id, "1.5 counts as 0.75 once it was seen")
	assert.InDelta(t, 1-math.Log(math.E+math.Exp(1.5)+math.Exp(-1)), logprob, 1e-6, "the model's own probability")
	id, _, err = newSampler(Settings{RepetitionPenalty: 2}, Prompt{}, nil, 0).next([]float32{-1.5, -1}, []int{1})
	require.NoError(t, err)
	assert.Equal(t, 0, id, "-1 counts as -2 once it was seen")
	d = newSampler(Settings{NoRepeat: 3}, Prompt{}, nil, 0)
	id, _, err = d.next([]float32{0, 1, 2, 3}, []int{1, 2, 3, 0, 1, 2})
	require.NoError(t, err)
	assert.Equal(t, 2, id, "1 2 3 would occur twice")
}

func TestSamplerErrors(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, temperature := range []float64{0, 1} {
		d := newSampler(Settings{Temperature: temperature}, Prompt{}, nil, 0)
		for _, l := range [][]float32{{1, nan}, {nan, 1}, {1, inf}, {-inf, -inf}} {
			_, _, err := d.next(l, nil)
			assert.ErrorContains(t, err, "logits are not finite", "%v", l)
		}
		_, _, err := newSampler(Settings{Temperature: temperature, Ban: []int{0, 1}}, Prompt{}, nil, 0).next([]float32{1, 2}, nil)
		assert.EqualError(t, err, "suppress leaves no token to choose: every one is banned")
	}
	for want, s := range map[string]Settings{
		"temperature = -1":        {Temperature: -1},
		"temperature = NaN":       {Temperature: math.NaN()},
		"top-p = 2":               {TopP: 2},
		"min-p = -1":              {MinP: -1},
		"top-k = -1":              {TopK: -1},
		"repetition-penalty = -2": {RepetitionPenalty: -2},
		"a stop text is empty":    {Stop: []string{""}},
		"tokens = -5":             {Tokens: -5},
	} {
		assert.ErrorContains(t, s.Check(), want)
	}
}

func TestStopper(t *testing.T) {
	s := &stopper{stops: []string{"\n\n", "END"}}
	for _, c := range []struct {
		push, shown string
		stopped     bool
	}{
		{"one E", "one ", false}, // may be the beginning of END
		{"Nd\n", "ENd", false},
		{"two", "\ntwo", false},
		{" EN", " ", false},
		{"DED", "", true},
	} {
		shown, stopped := s.push(c.push, false)
		assert.Equal(t, c.shown, shown)
		assert.Equal(t, c.stopped, stopped)
	}
	s = &stopper{stops: []string{"END"}}
	shown, stopped := s.push("xENDy", true)
	assert.Equal(t, "xENDy", shown)
	assert.False(t, stopped)
	_, _ = s.push("aEN", false)
	assert.Equal(t, "EN", s.rest())
}
