//go:build !unix && !windows

package main

import (
	"fmt"
	"runtime"
	"runtime/metrics"
)

// usage returns the CPU time of this process in ms and its peak memory as the Go runtime estimates them:
// the platform does not count them.
func usage() (cpu float64, peakMB int64, err error) {
	s := []metrics.Sample{{Name: "/cpu/classes/total:cpu-seconds"}, {Name: "/cpu/classes/idle:cpu-seconds"}}
	runtime.GC() // which updates the estimate
	metrics.Read(s)
	for _, m := range s {
		if m.Value.Kind() != metrics.KindFloat64 {
			return 0, 0, fmt.Errorf("the Go runtime has no %s", m.Name)
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return 1e3 * (s[0].Value.Float64() - s[1].Value.Float64()), int64(m.Sys >> 20), nil
}
