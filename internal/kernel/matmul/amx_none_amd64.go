//go:build !linux

package matmul

// requestTiles: no other system's way to the tile registers is known here.
func requestTiles() bool { return false }
