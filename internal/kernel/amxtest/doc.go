// Amxtest runs a command on a processor without AMX with the AMX tile instructions
// emulated, so that the tile kernels can be tested on any processor. It uses ptrace to
// emulate the tile instructions of all threads and child processes:
//
//	go build -o amxtest ./internal/kernel/amxtest
//	./amxtest COMMAND ARGS…
//	go test -exec "$PWD/amxtest" ./internal/kernel/matmul
//
// It sets EURYALE_TEST_AMX=1 in the environment of the command. The exit status is that
// of the command, 128 plus the number of the signal that ended it, or one of these (go
// run would replace each of them by 1):
//
//	70	a tile instruction was invalid: the message says which one and why
//	77	emulation is impossible or unnecessary: ptrace is not permitted, the
//		processor has AMX, or the platform is not linux/amd64
//	127	the command could not be started
//
// It is stricter than a processor, to find mistakes: it reports inaccessible memory and
// a configuration with a start row other than 0. A signal handler keeps the tiles of the
// thread, where Linux would clear them. Signals that stop a process do not stop the
// command. Each sequence of consecutive tile instructions costs about 20 µs, and each
// load, store and product in it 7 µs more.
//
// The instructions are those of Intel's 64 and IA-32 Architectures Software
// Developer's Manual: volume 1, chapter 18, and their pages in volume 2.
package main

const (
	statusWrong   = 70
	statusSkip    = 77
	statusNoStart = 127
)
