//go:build linux && amd64

package main

import (
	"encoding/binary"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ram is memory that begins at address 0.
type ram []byte

func (m ram) read(rows [][]byte, address, stride uint64) error {
	for i, row := range rows {
		copy(row, m[address+uint64(i)*stride:])
	}
	return nil
}

func (m ram) write(rows [][]byte, address, stride uint64) error {
	for i, row := range rows {
		copy(m[address+uint64(i)*stride:], row)
	}
	return nil
}

// shaped returns tiles of the given shapes (rows, bytes) with random bytes; the other
// tiles are not configured.
func shaped(t *testing.T, shapes ...[2]int) (ts *tiles) {
	var config ram = make([]byte, 64)
	config[0] = 1
	for n, s := range shapes {
		config[48+n] = byte(s[0])
		binary.LittleEndian.PutUint16(config[16+2*n:], uint16(s[1]))
	}
	ts = new(tiles)
	require.NoError(t, ts.execute(instruction{op: ldtilecfg}, 0, 0, config))
	r := rand.New(rand.NewPCG(1, 2))
	for n, s := range shapes {
		for i := range s[0] {
			for j := range s[1] {
				ts.tile[n][i][j] = byte(r.Uint32())
			}
		}
	}
	return ts
}

func TestConfigure(t *testing.T) {
	for _, c := range []struct {
		at    int
		value byte
		why   string
	}{
		{0, 1, ""},
		{0, 2, "palette 2"},
		{1, 1, "start row is 1"},
		{2, 1, "byte 2"},
		{47, 1, "byte 47"},
		{63, 1, "byte 63"},
		{48, 17, "tile 0 17 rows"},
		{48, 0, "tile 0 0 rows"},
		{18, 65, "rows of 65 bytes"},
		{19, 1, "rows of 320 bytes"},
		{18, 0, "rows of 0 bytes"},
	} {
		var config ram = make([]byte, 64)
		config[0] = 1
		for n := range 8 {
			config[48+n], config[16+2*n] = 16, 64
		}
		config[c.at] = c.value
		var ts tiles
		ts.tile[3][2][1] = 1
		err := ts.execute(instruction{op: ldtilecfg}, 0, 0, config)
		if c.why != "" {
			assert.ErrorContains(t, err, c.why)
			continue
		}
		require.NoError(t, err)
		assert.Zero(t, ts.tile)
		var stored ram = make([]byte, 64)
		require.NoError(t, ts.execute(instruction{op: sttilecfg}, 0, 0, stored))
		assert.Equal(t, config, stored)
		require.NoError(t, ts.execute(instruction{op: tilerelease}, 0, 0, nil))
		assert.Zero(t, ts)
	}
}

// Loads and stores accept any stride; bytes beyond the configured shape are zero.
func TestLoadAndStore(t *testing.T) {
	var m ram = make([]byte, 300)
	for i := range m {
		m[i] = byte(i)
	}
	for _, stride := range []int{0, 7, 20, -20} {
		ts := shaped(t, [2]int{3, 8})
		ts.tile[0][9][9] = 1
		require.NoError(t, ts.execute(instruction{op: tileloadd}, 100, uint64(stride), m))
		var want tile
		for i := range 3 {
			copy(want[i][:8], m[100+i*stride:])
		}
		assert.Equal(t, want, ts.tile[0])
		var out ram = make([]byte, 300)
		require.NoError(t, ts.execute(instruction{op: tilestored}, 100, uint64(stride), out))
		var again ram = make([]byte, 300)
		for i := range 3 {
			copy(again[100+i*stride:], m[100+i*stride:][:8])
		}
		assert.Equal(t, again, out)
		require.NoError(t, ts.execute(instruction{op: tilezero}, 0, 0, nil))
		assert.Zero(t, ts.tile[0])
	}
}

func TestWrongTiles(t *testing.T) {
	product := instruction{op: tdpbf16ps, dst: 0, a: 1, b: 2}
	for why, c := range map[string]struct {
		ts *tiles
		in instruction
	}{
		"no tiles are configured":  {new(tiles), instruction{op: tilezero}},
		"tile 1 is not configured": {shaped(t, [2]int{1, 4}), instruction{op: tilezero, dst: 1}},
		"tile 2 is not configured": {shaped(t, [2]int{1, 4}, [2]int{1, 4}), product},
		"the same":                 {shaped(t, [2]int{1, 4}, [2]int{1, 4}), instruction{op: tdpbf16ps, dst: 0, a: 1, b: 1}},
		"not a multiple of 4":      {shaped(t, [2]int{1, 4}, [2]int{1, 6}, [2]int{1, 4}), product},
		"(2, 4) × (1, 4)":          {shaped(t, [2]int{1, 4}, [2]int{2, 4}, [2]int{1, 4}), product},
		"(1, 8) × (1, 4)":          {shaped(t, [2]int{1, 4}, [2]int{1, 8}, [2]int{1, 4}), product},
		"(1, 4) × (1, 8)":          {shaped(t, [2]int{1, 4}, [2]int{1, 4}, [2]int{1, 8}), product},
	} {
		assert.ErrorContains(t, c.ts.execute(c.in, 0, 0, nil), why)
	}
}

// normal fills a tile with bfloat16 near 1.
func normal(r *rand.Rand, x *tile, rows, bytes int) {
	for i := range rows {
		for j := 0; j < bytes; j += 2 {
			binary.LittleEndian.PutUint16(x[i][j:], uint16(math.Float32bits(float32(r.NormFloat64()))>>16))
		}
	}
}

func bf16(b []byte) float64 {
	return float64(math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16))
}

func f32(b []byte) float64 { return float64(math.Float32frombits(binary.LittleEndian.Uint32(b))) }

func TestTDPBF16PS(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 3))
	for _, s := range [][3]int{{16, 16, 16}, {3, 5, 7}, {1, 16, 2}, {16, 1, 1}} {
		m, k, n := s[0], s[1], s[2]
		ts := shaped(t, [2]int{m, 4 * n}, [2]int{m, 4 * k}, [2]int{k, 4 * n})
		normal(r, &ts.tile[1], m, 4*k)
		normal(r, &ts.tile[2], k, 4*n)
		for i := range m {
			for j := range n {
				binary.LittleEndian.PutUint32(ts.tile[0][i][4*j:], math.Float32bits(r.Float32()))
			}
		}
		before := ts.tile[0]
		require.NoError(t, ts.execute(instruction{op: tdpbf16ps, dst: 0, a: 1, b: 2}, 0, 0, nil))
		for i := range tileRows {
			for j := range rowBytes / 4 {
				want := f32(before[i][4*j:])
				for l := range k {
					if i < m && j < n {
						want += bf16(ts.tile[1][i][4*l:]) * bf16(ts.tile[2][l][4*j:])
						want += bf16(ts.tile[1][i][4*l+2:]) * bf16(ts.tile[2][l][4*j+2:])
					}
				}
				assert.InDelta(t, want, f32(ts.tile[0][i][4*j:]), 1e-5)
			}
		}
	}
}

// one returns the TDPBF16PS of single pairs.
func one(c uint32, a, b [2]uint16) uint32 {
	var x, y, z tile
	binary.LittleEndian.PutUint32(x[0][:], c)
	for i := range 2 {
		binary.LittleEndian.PutUint16(y[0][2*i:], a[i])
		binary.LittleEndian.PutUint16(z[0][2*i:], b[i])
	}
	x.addBF16(&y, &z, 1, 1, 1)
	return binary.LittleEndian.Uint32(x[0][:])
}

func TestTDPBF16PSAtTheEdges(t *testing.T) {
	const (
		oneB, minusB, halfB, infB = 0x3f80, 0xbf80, 0x3f00, 0x7f80
		leastB, denormalB         = 0x0080, 0x007f
		least, denormal           = 0x00800000, 0x007fffff
	)
	ones := [2]uint16{oneB, oneB}
	assert.Equal(t, math.Float32bits(2), one(0, ones, ones))
	assert.Equal(t, uint32(0), one(denormal, [2]uint16{}, ones), "a denormal in C")
	assert.Equal(t, uint32(0), one(0, [2]uint16{denormalB, 0}, ones), "a denormal in A")
	assert.Equal(t, uint32(0), one(0, ones, [2]uint16{0, denormalB}), "a denormal in B")
	assert.Equal(t, uint32(least), one(0, [2]uint16{leastB, 0}, ones))
	assert.Equal(t, uint32(0), one(0, [2]uint16{leastB, 0}, [2]uint16{halfB, 0}), "a product that is denormal")
	assert.Equal(t, uint32(0x80000000), one(least, [2]uint16{leastB | 0x8001, 0}, ones), "a sum that is a negative denormal")
	assert.Equal(t, uint32(0x7f800000), one(0, [2]uint16{infB, 0}, ones))
	assert.True(t, math.IsNaN(float64(math.Float32frombits(one(0, [2]uint16{infB, infB}, [2]uint16{oneB, minusB})))))
	assert.Equal(t, uint32(0), one(0x80000000, [2]uint16{}, ones), "-0 and the sum's +0")
}

// A product and sum is rounded once, to nearest even.
func TestFMAIsRoundedOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 4))
	random := func(bits, spread int) float64 {
		x := float64(r.Uint64N(1<<bits) | 1<<(bits-1))
		return math.Ldexp(x, r.IntN(spread)-spread/2) * float64(1-2*r.IntN(2))
	}
	exact := func(x float64) *big.Float { return new(big.Float).SetPrec(400).SetFloat64(x) }
	for range 200000 {
		a, b, c := random(8, 24), random(8, 24), random(24, 64)
		sum := exact(a)
		sum.Mul(sum, exact(b)).Add(sum, exact(c))
		want, _ := new(big.Float).SetPrec(24).SetMode(big.ToNearestEven).Set(sum).Float64()
		require.Equal(t, want, toFloat32(a*b+c), "%v·%v + %v", a, b, c)
	}
	for range 20000 { // close to the smallest normal number
		a, b := random(8, 2), random(8, 2)
		a, b = math.Ldexp(a, -70), math.Ldexp(b, -70)
		sum := new(big.Float).Mul(exact(a), exact(b))
		want, _ := new(big.Float).SetPrec(24).Set(sum).Float64()
		if math.Abs(want) < 0x1p-126 {
			want = math.Copysign(0, want)
		}
		require.Equal(t, want, toFloat32(a*b))
	}
	assert.Equal(t, 0x1p-126, toFloat32(0x1p-126-0x1p-151))
	assert.Zero(t, toFloat32(0x1p-126-0x1.8p-151))
}

func TestIntegers(t *testing.T) {
	for op, signed := range map[operation][2]bool{tdpbssd: {true, true}, tdpbsud: {true, false}, tdpbusd: {false, true}, tdpbuud: {false, false}} {
		ts := shaped(t, [2]int{3, 20}, [2]int{3, 28}, [2]int{7, 20})
		before := ts.tile[0]
		require.NoError(t, ts.execute(instruction{op: op, dst: 0, a: 1, b: 2}, 0, 0, nil))
		value := func(b byte, signed bool) int64 {
			if signed && b >= 128 {
				return int64(b) - 256
			}
			return int64(b)
		}
		for i := range 3 {
			for j := range 5 {
				want := int64(int32(binary.LittleEndian.Uint32(before[i][4*j:])))
				for l := range 7 {
					for q := range 4 {
						want += value(ts.tile[1][i][4*l+q], signed[0]) * value(ts.tile[2][l][4*j+q], signed[1])
					}
				}
				assert.Equal(t, uint32(want), binary.LittleEndian.Uint32(ts.tile[0][i][4*j:]), mnemonics[op])
			}
		}
	}
}

func BenchmarkTDPBF16PS(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 5))
	var x, y, z tile
	normal(r, &y, 16, 64)
	normal(r, &z, 16, 64)
	for b.Loop() {
		x.addBF16(&y, &z, 16, 16, 16)
	}
}
