//go:build !amd64

package parallel

import "sync/atomic"

var pauseCell atomic.Int64

// pause takes some nanoseconds, to poll a shared variable less often.
func pause() {
	for range 32 {
		pauseCell.Load()
	}
}
