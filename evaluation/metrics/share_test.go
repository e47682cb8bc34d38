package metrics

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// The limits of 10 of 100, and of none, are those of R: prop.test(10, 100, correct = FALSE) and of 0 of 20.
func TestShare(t *testing.T) {
	s := NewShare(10, 100)
	assert.InDelta(t, 0.1, s.Value, 1e-12)
	assert.InDelta(t, 0.05522914, s.Low, 1e-7)
	assert.InDelta(t, 0.17436566, s.High, 1e-7)
	s = NewShare(0, 20)
	assert.Zero(t, s.Low)
	assert.InDelta(t, 0.16113, s.High, 1e-5)
	assert.Equal(t, Share{0, 0, 1}, NewShare(0, 0))
}
