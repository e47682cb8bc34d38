//go:build !amd64

package parallel

import "sync/atomic"

var pauseCell atomic.Int64

// pause takes some nanoseconds between two looks at a shared word.
func pause() {
	for range 32 {
		pauseCell.Load()
	}
}
