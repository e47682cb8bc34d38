package mpi

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCountCores(t *testing.T) {
	for list, want := range map[string]int{"0": 1, "0-3,8": 5, "": 0, "0-1,4-5": 4} {
		assert.Equal(t, want, countCores(list), list)
	}
	mask, launcher := masks()
	assert.Positive(t, countCores(mask))
	assert.Zero(t, launcher, "no launcher has started the tests")
}
