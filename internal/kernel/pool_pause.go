package kernel

import "sync/atomic"

var pauseCell atomic.Int64

// pause takes a few nanoseconds between two looks at a shared word.
func pause() {
	for range 8 {
		pauseCell.Load()
	}
}
