package matmul

import "syscall"

// requestTiles asks for the permission that Linux wants before a process uses the tile
// registers (Documentation/arch/x86/xstate.rst in its sources), once for all threads.
func requestTiles() bool {
	const request, tileData = 0x1023, 18 // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
	_, _, err := syscall.RawSyscall(syscall.SYS_ARCH_PRCTL, request, tileData, 0)
	return err == 0
}
