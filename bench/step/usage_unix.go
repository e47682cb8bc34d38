//go:build unix

package main

import (
	"runtime"
	"syscall"
)

// usage returns the CPU time of this process in ms, and its peak memory.
func usage() (cpu float64, peakMB int64, err error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, 0, err
	}
	peakMB = int64(u.Maxrss) / 1024
	if runtime.GOOS == "darwin" { // in bytes, not kB
		peakMB /= 1024
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e6, peakMB, nil
}
