package ops

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// What is gathered and spread is what it was, with zeros where there is no token.
func TestPadding(t *testing.T) {
	for _, rows := range [][]int{{}, {0}, {4}, {0, 1, 2}, {1, 3}, {0, 2, 4}, {0, 1, 2, 3, 4}} {
		p := &padding{n: 5, rows: rows}
		x := []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
		want := make([]float64, 10)
		for _, r := range rows {
			copy(want[2*r:2*r+2], x[2*r:])
		}
		y := []float64{-1, -1, -1, -1, -1, -1, -1, -1, -1, -1}
		copy(y, tokenRows(p, x, 2))
		spread(p, y, 2)
		assert.Equal(t, want, y, "%v", rows)
		assert.Equal(t, len(rows) < 5, p.skips(5))
		assert.False(t, p.skips(4))
	}
}
