package models

import (
	"testing"

	"github.com/stretchr/testify/assert"
	G "gorgonia.org/gorgonia"
)

// A read whose hash another node has is declared again, with another value.
func TestReadHasItsOwnHash(t *testing.T) {
	x := G.NewScalar(G.NewGraph(), G.Float32, G.WithName("x"))
	var tried []uint32
	r, v := read(x, func(hash uint32) bool {
		tried = append(tried, hash)
		return len(tried) == 3
	})
	assert.Len(t, tried, 3)
	assert.Equal(t, tried[2], r.Hashcode())
	assert.NotEqual(t, tried[0], tried[1])
	assert.NotEqual(t, tried[1], tried[2])
	assert.NotNil(t, v)
}
