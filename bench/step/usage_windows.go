package main

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
)

// memoryCounters is PROCESS_MEMORY_COUNTERS of psapi.h.
type memoryCounters struct {
	size, pageFaults              uint32
	peakWorkingSet, workingSet    uintptr
	peakPagedPool, pagedPool      uintptr
	peakNonPagedPool, nonPaged    uintptr
	pagefileUsage, peakPagefileUs uintptr
}

var getProcessMemoryInfo = windows.NewLazySystemDLL("psapi.dll").NewProc("GetProcessMemoryInfo")

// usage returns the CPU time of this process in ms, and its peak working set.
func usage() (cpu float64, peakMB int64, err error) {
	process := windows.CurrentProcess()
	var created, ended, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(process, &created, &ended, &kernel, &user); err != nil {
		return 0, 0, err
	}
	m := memoryCounters{size: uint32(unsafe.Sizeof(memoryCounters{}))}
	if ok, _, err := getProcessMemoryInfo.Call(uintptr(process), uintptr(unsafe.Pointer(&m)), uintptr(m.size)); ok == 0 {
		return 0, 0, fmt.Errorf("GetProcessMemoryInfo: %w", err)
	}
	return milliseconds(kernel) + milliseconds(user), int64(m.peakWorkingSet >> 20), nil
}

// milliseconds converts a duration, which a Filetime holds in units of 100 ns.
func milliseconds(t windows.Filetime) float64 {
	return float64(uint64(t.HighDateTime)<<32|uint64(t.LowDateTime)) / 1e4
}
