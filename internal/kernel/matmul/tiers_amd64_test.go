package matmul

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Under the emulator of amxtest the tile unit is there, whatever the processor says.
func init() {
	if os.Getenv("EURYALE_TEST_AMX") == "1" {
		hasTiles, hasIntTiles = true, true
		active.Store(fastest())
	}
}

// builtinTiers is the built-in tier once for each instruction set there is, those that
// multiply bfloat16 with split operands as well.
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

// TestDetectTiles: the permission is asked for only where processor and system have the
// unit, and a system that refuses it leaves the tier as it is elsewhere.
func TestDetectTiles(t *testing.T) {
	if !hasAVX512 || !hasBF16 {
		t.Skip("needs AVX-512 with bfloat16")
	}
	const tiles = 1<<17 | 1<<18
	asked := 0
	answer := func(granted bool) func() bool { return func() bool { asked++; return granted } }
	saved := func(bits uint32) func() uint32 { return func() uint32 { return bits } }
	assert.False(t, detectTiles(false, saved(tiles), answer(true)))
	assert.False(t, detectTiles(true, saved(1<<17), answer(true)))
	assert.False(t, detectTiles(true, saved(1<<18), answer(true)))
	assert.Zero(t, asked)
	assert.True(t, detectTiles(true, saved(tiles|0xe7), answer(true)))
	assert.False(t, detectTiles(true, saved(tiles), answer(false)))
	assert.Equal(t, 2, asked)
	assert.NotZero(t, stateComponents()&4, "AVX is in use, so its registers are saved")

	defer func(was bool) { hasTiles = was }(hasTiles)
	hasTiles = false
	refused := builtinTier()
	assert.Nil(t, refused.bf16x2)
	assert.NotContains(t, refused.info.Detail, "AMX")
}
