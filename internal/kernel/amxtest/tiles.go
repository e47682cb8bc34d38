//go:build linux && amd64

package main

import (
	"encoding/binary"
	"fmt"
	"math"
)

// The limits of palette 1.
const (
	tileCount = 8
	tileRows  = 16
	rowBytes  = 64
)

type tile [tileRows][rowBytes]byte

// tiles is the tile state of a thread. The zero value is the state of a new thread.
type tiles struct {
	config [64]byte // as loaded by LDTILECFG, or all zero
	tile   [tileCount]tile
}

// memory is the memory of a thread. Row i of a transfer is at address + i·stride.
type memory interface {
	read(rows [][]byte, address, stride uint64) error
	write(rows [][]byte, address, stride uint64) error
}

func (t *tiles) rows(n byte) int  { return int(t.config[48+n]) }
func (t *tiles) bytes(n byte) int { return int(binary.LittleEndian.Uint16(t.config[16+2*n:])) }

// execute executes an instruction. Its errors say why the instruction is invalid.
func (t *tiles) execute(in instruction, address, stride uint64, mem memory) error {
	switch in.op {
	case ldtilecfg:
		return t.configure(address, mem)
	case sttilecfg:
		config := t.config
		return mem.write([][]byte{config[:]}, address, 0)
	case tilerelease:
		*t = tiles{}
		return nil
	}
	if err := t.known(in.dst); err != nil {
		return err
	}
	dst := &t.tile[in.dst]
	switch in.op {
	case tilezero:
		*dst = tile{}
		return nil
	case tileloadd, tileloaddt1:
		*dst = tile{}
		return mem.read(t.used(in.dst), address, stride)
	case tilestored:
		return mem.write(t.used(in.dst), address, stride)
	}
	if err := t.conform(in); err != nil {
		return err
	}
	a, b := &t.tile[in.a], &t.tile[in.b]
	m, k, n := t.rows(in.dst), t.rows(in.b), t.bytes(in.dst)/4
	if in.op == tdpbf16ps {
		dst.addBF16(a, b, m, k, n)
	} else {
		dst.addInts(a, b, m, k, n, in.op == tdpbssd || in.op == tdpbsud, in.op == tdpbssd || in.op == tdpbusd)
	}
	return nil
}

// used returns the configured rows of a tile.
func (t *tiles) used(n byte) [][]byte {
	rows := make([][]byte, t.rows(n))
	for i := range rows {
		rows[i] = t.tile[n][i][:t.bytes(n)]
	}
	return rows
}

// configure executes LDTILECFG.
func (t *tiles) configure(address uint64, mem memory) error {
	var config [64]byte
	if err := mem.read([][]byte{config[:]}, address, 0); err != nil {
		return err
	}
	*t = tiles{}
	palette := config[0]
	if palette == 0 {
		return nil
	}
	if palette > 1 {
		return fmt.Errorf("#GP: palette %d does not exist: there are 0 and 1", palette)
	}
	if config[1] != 0 {
		return fmt.Errorf("its start row is %d, which is valid only after an interrupted instruction", config[1])
	}
	for i, b := range config {
		if reserved := i >= 2 && i < 16 || i >= 32 && i < 48 || i >= 56; reserved && b != 0 {
			return fmt.Errorf("#GP: the reserved byte %d of the configuration is %d", i, b)
		}
	}
	t.config = config
	for n := range byte(tileCount) {
		rows, bytes := t.rows(n), t.bytes(n)
		if rows > tileRows || bytes > rowBytes || (rows == 0) != (bytes == 0) {
			return fmt.Errorf("#GP: the configuration gives tile %d %d rows of %d bytes", n, rows, bytes)
		}
	}
	return nil
}

// known returns an error unless tile n is configured.
func (t *tiles) known(n byte) error {
	if t.config[0] == 0 {
		return fmt.Errorf("#UD: no tiles are configured in this thread: use LDTILECFG")
	}
	if t.rows(n) == 0 {
		return fmt.Errorf("#UD: tile %d is not configured", n)
	}
	return nil
}

// conform returns an error unless the tiles of a product are distinct, have whole
// elements and have matching shapes.
func (t *tiles) conform(in instruction) error {
	c, a, b := in.dst, in.a, in.b
	if c == a || a == b || c == b {
		return fmt.Errorf("#UD: two of its tiles are the same")
	}
	for _, n := range []byte{c, a, b} {
		if err := t.known(n); err != nil {
			return err
		}
		if t.bytes(n)%4 != 0 {
			return fmt.Errorf("#UD: rows of tile %d have %d bytes, not a multiple of 4", n, t.bytes(n))
		}
	}
	if t.rows(c) != t.rows(a) || t.bytes(c) != t.bytes(b) || t.bytes(a)/4 != t.rows(b) {
		return fmt.Errorf("#UD: the product of tiles of (rows, bytes) (%d, %d) × (%d, %d) is not of shape (%d, %d)",
			t.rows(a), t.bytes(a), t.rows(b), t.bytes(b), t.rows(c), t.bytes(c))
	}
	return nil
}

// addBF16 executes TDPBF16PS. Even and odd elements are summed separately over k; the
// two sums are added, and the result to c.
//
//	a: (m, k) pairs, b: (k, n) pairs, c: (m, n) float32
func (c *tile) addBF16(a, b *tile, m, k, n int) {
	var right [tileRows][rowBytes / 2]float64
	for l := range k {
		widen(right[l][:2*n], b[l][:])
	}
	for i := range m {
		var left, sums [rowBytes / 2]float64
		widen(left[:2*k], a[i][:])
		for l := range k {
			even, odd, row := left[2*l], left[2*l+1], right[l][:2*n]
			for j := 0; j+1 < len(row); j += 2 {
				sums[j] = toFloat32(even*row[j] + sums[j])
				sums[j+1] = toFloat32(odd*row[j+1] + sums[j+1])
			}
		}
		for j := range n {
			bits := c[i][4*j : 4*j+4]
			old := noDenormal(math.Float32frombits(binary.LittleEndian.Uint32(bits)))
			sum := toFloat32(old + toFloat32(sums[2*j]+sums[2*j+1]))
			binary.LittleEndian.PutUint32(bits, math.Float32bits(float32(sum)))
		}
	}
}

// widen converts bfloat16 to float64, and denormals to zero.
func widen(dst []float64, src []byte) {
	for i := range dst {
		dst[i] = noDenormal(math.Float32frombits(uint32(binary.LittleEndian.Uint16(src[2*i:])) << 16))
	}
}

func noDenormal(x float32) float64 {
	if math.Float32bits(x)&0x7f800000 == 0 {
		return math.Copysign(0, float64(x))
	}
	return float64(x)
}

// toFloat32 rounds to the nearest float32, and denormals to zero. A sum of two numbers
// of 24 bits each, such as a product of two bfloat16 and a float32, is rounded
// correctly in spite of the intermediate float64, because 53 ≥ 2·24 + 2 bits (Figueroa,
// When is double rounding innocuous?, 1995).
func toFloat32(x float64) float64 {
	const least = 0x1p-126 - 0x1p-151 // smallest number that rounds to a normal number with 24 bits
	if math.Abs(x) < least {
		return math.Copysign(0, x)
	}
	return float64(float32(x))
}

// addInts executes TDPBSSD and its variants: sums of four products of bytes, which wrap
// around.
//
//	a: (m, k) groups of four bytes, b: (k, n) groups of four bytes, c: (m, n) int32
func (c *tile) addInts(a, b *tile, m, k, n int, signedA, signedB bool) {
	for i := range m {
		for j := range n {
			bits := c[i][4*j : 4*j+4]
			sum := binary.LittleEndian.Uint32(bits)
			for l := range 4 * k {
				sum += uint32(integer(a[i][l], signedA) * integer(b[l/4][4*j+l%4], signedB))
			}
			binary.LittleEndian.PutUint32(bits, sum)
		}
	}
}

func integer(b byte, signed bool) int32 {
	if signed {
		return int32(int8(b))
	}
	return int32(b)
}
