package experiment_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/experiment"
	"euryale/models"
	_ "euryale/models/examples"
)

// No registered model has a finding at its default sizes.
func TestRegisteredModels(t *testing.T) {
	for _, e := range models.Entries() {
		t.Run(e.Name, func(t *testing.T) {
			r, err := experiment.Check(context.Background(), e.New(), experiment.CheckOptions{})
			require.NoError(t, err)
			t.Log(r)
			assert.True(t, r.OK(), "%v", r)
		})
	}
}
