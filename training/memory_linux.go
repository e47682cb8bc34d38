package training

import (
	"fmt"
	"math"
	"os"
	"path"
	"strconv"
	"strings"
	"syscall"
)

// findMemoryLimit returns nine tenths of the least of the machine's memory and swap, the
// limits of the process's control groups, and what ulimit -v leaves of its addresses: the
// rest is for buffers and garbage.
func findMemoryLimit() (limit float64, source string) {
	limit = math.Inf(1)
	lower := func(bytes float64, from string) {
		if bytes > 0 && bytes < limit {
			limit, source = bytes, from
		}
	}
	lower(meminfo("MemTotal")+meminfo("SwapTotal"), "the memory and swap of this machine")
	for _, file := range groupFiles() {
		lower(number(file), "the control group's limit")
	}
	var r syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_AS, &r) == nil && r.Cur < math.MaxInt64 {
		lower(max(1, float64(r.Cur)-addresses()), "what ulimit -v leaves")
	}
	if math.IsInf(limit, 1) {
		return 0, ""
	}
	return 0.9 * limit, "nine tenths of " + source
}

// meminfo returns an entry of /proc/meminfo in bytes.
func meminfo(name string) float64 {
	raw, _ := os.ReadFile("/proc/meminfo")
	for line := range strings.Lines(string(raw)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			kilobytes, _ := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
			return kilobytes * 1024
		}
	}
	return 0
}

// groupFiles lists the files with the memory limits of the process's control groups and those
// above them, of both versions.
func groupFiles() (files []string) {
	raw, _ := os.ReadFile("/proc/self/cgroup")
	for line := range strings.Lines(string(raw)) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) < 3 {
			continue
		}
		for dir := path.Clean("/" + fields[2]); ; dir = path.Dir(dir) {
			switch fields[1] {
			case "":
				files = append(files, path.Join("/sys/fs/cgroup", dir, "memory.max"))
			case "memory":
				files = append(files, path.Join("/sys/fs/cgroup/memory", dir, "memory.limit_in_bytes"))
			}
			if dir == "/" {
				break
			}
		}
	}
	return files
}

// number returns the number in a file, or 0 if it holds none.
func number(file string) float64 {
	raw, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	n, _ := strconv.ParseFloat(strings.TrimSpace(string(raw)), 64)
	return n
}

// addresses returns the size of the process's address space in bytes.
func addresses() float64 {
	raw, _ := os.ReadFile("/proc/self/statm")
	var pages float64
	fmt.Sscan(string(raw), &pages)
	return pages * float64(os.Getpagesize())
}
