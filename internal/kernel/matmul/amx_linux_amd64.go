package matmul

import "syscall"

// requestTiles requests the permission that Linux requires for the use of the tile
// registers (Documentation/arch/x86/xstate.rst in its sources), for all threads.
func requestTiles() bool {
	const request, tileData = 0x1023, 18 // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
	_, _, err := syscall.RawSyscall(syscall.SYS_ARCH_PRCTL, request, tileData, 0)
	return err == 0
}
