package hugepage

import "golang.org/x/sys/unix"

// advise ignores errors: the advice affects only speed.
func advise(first, end uintptr) {
	_, _, _ = unix.Syscall(unix.SYS_MADVISE, first, end-first, unix.MADV_HUGEPAGE)
}
