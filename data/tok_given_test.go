package data

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCharsOf(t *testing.T) {
	tk, err := CharsOf([]string{"b", "月", "a"})
	require.NoError(t, err)
	ids, err := tk.Encode("a月b")
	require.NoError(t, err)
	assert.Equal(t, []int{2, 1, 0}, ids)
	for want, pieces := range map[string][]string{
		`piece 1 ("ab") is not one character`: {"a", "ab"},
		`piece 0 ("") is not one character`:   {""},
		`character "a" has two ids, 0 and 2`:  {"a", "b", "a"},
	} {
		_, err := CharsOf(pieces)
		assert.EqualError(t, err, want)
	}
}
