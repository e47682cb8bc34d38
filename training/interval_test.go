package training

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The loss of a report is the mean over the targets of the updates since the last one, also
// where the run was stopped between them.
func TestReportedLossIsAMeanOverTheInterval(t *testing.T) {
	c := tiny(t, "training.log_every=10", "training.eval_every=25", "training.sample=0", "training.eval_tokens=200", "training.final_eval_tokens=200")
	dir, stopped := filepath.Join(t.TempDir(), "run"), filepath.Join(t.TempDir(), "run")
	steps := losses(t, begin(t, c, dir), 0)
	records := reports(t, dir)
	var at []int
	from := 0
	for _, r := range records {
		at = append(at, r.Step)
		sum := 0.0
		for _, l := range steps[from:r.Step] {
			sum += l / float64(r.Step-from)
		}
		assert.InDelta(t, sum, r.Values["loss"], 1e-12, "step %d", r.Step)
		from = r.Step
	}
	assert.Equal(t, []int{10, 20, 25, 30, 40}, at)
	losses(t, begin(t, c, stopped), 17)
	r, err := Resume(stopped, nil, nil)
	require.NoError(t, err)
	losses(t, r, 0)
	require.Equal(t, records, reports(t, stopped))
}

// Updates weigh as many targets as they have; added losses too. Those without a finite loss
// are left out.
func TestIntervalIsOverTargets(t *testing.T) {
	var v interval
	r := Record{Step: Step{Loss: 9}}
	v.fill(&r)
	assert.Equal(t, 9.0, r.Loss, "of the step alone")
	v.add(Step{Loss: 2, Targets: 3, Added: []NamedLoss{{"a", 1}}})
	v.add(Step{Loss: 6, Targets: 1, Added: []NamedLoss{{"a", 5}}})
	v.add(Step{Loss: math.NaN(), Targets: 4})
	v.fill(&r)
	assert.InDelta(t, 3, r.Loss, 1e-12) // (3·2 + 1·6)/4
	require.Len(t, r.Added, 1)
	assert.InDelta(t, 2, r.Added[0].Value, 1e-12) // (3·1 + 1·5)/4
}
