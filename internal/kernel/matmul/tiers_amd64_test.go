package matmul

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
)

// amxtest emulates the tile unit on a processor without it.
func init() {
	if os.Getenv("EURYALE_TEST_AMX") == "1" {
		hasTiles, hasIntTiles = true, true
		active.Store(fastest())
	}
}

// builtinTiers returns a built-in tier for each supported instruction set, and a split tier for
// each that multiplies bfloat16.
func builtinTiers() []*tier {
	defer func(wide, tiles bool) { hasAVX512, hasTiles = wide, tiles }(hasAVX512, hasTiles)
	var list []*tier
	for _, set := range []*bool{&hasTiles, &hasAVX512, &hasAVX2} {
		if *set {
			list = append(list, builtinTier())
			if t := splitTier(); t != nil {
				list = append(list, t)
			}
		}
		if set != &hasAVX2 {
			*set = false
		}
	}
	return list
}

// TestDetectTiles checks that the permission is requested only if the processor and the system
// support the tile unit, and that without the permission the unit is not used.
func TestDetectTiles(t *testing.T) {
	if !hasAVX512 || !hasBF16 {
		t.Skip("needs AVX-512 with bfloat16")
	}
	const tiles = 1<<17 | 1<<18
	requests := 0
	answer := func(granted bool) func() bool { return func() bool { requests++; return granted } }
	saved := func(bits uint32) func() uint32 { return func() uint32 { return bits } }
	assert.False(t, detectTiles(false, saved(tiles), answer(true)))
	assert.False(t, detectTiles(true, saved(1<<17), answer(true)))
	assert.False(t, detectTiles(true, saved(1<<18), answer(true)))
	assert.Zero(t, requests)
	assert.True(t, detectTiles(true, saved(tiles|0xe7), answer(true)))
	assert.False(t, detectTiles(true, saved(tiles), answer(false)))
	assert.Equal(t, 2, requests)
	assert.NotZero(t, stateComponents()&4, "AVX is in use, so its registers are saved")

	defer func(was bool) { hasTiles = was }(hasTiles)
	hasTiles = false
	refused := builtinTier()
	assert.Nil(t, refused.bf16x2)
	assert.NotContains(t, refused.info.Detail, "AMX")
}
