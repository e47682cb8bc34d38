//go:build !linux

package matmul

// requestTiles returns false: the tile unit is supported on Linux only.
func requestTiles() bool { return false }
