// Amxtest runs a command on a processor without AMX as if it had it, so that
// kernels in tiles are tested everywhere. It emulates every instruction on tiles
// that the processor refuses, of all threads and child processes, by ptrace:
//
//	go build -o amxtest ./internal/kernel/amxtest
//	./amxtest COMMAND ARGS…
//	go test -exec "$PWD/amxtest" ./internal/kernel/matmul
//
// The command finds EURYALE_TEST_AMX=1 in its environment. Amxtest ends with the
// command's exit status, 128 and the signal's number if a signal ended it, or with
// one of these (go run would make each of them 1):
//
//	70	an instruction on tiles was wrong: the message says which one and why
//	77	there is nothing to emulate with, or nothing to emulate: ptrace is not
//		permitted, the processor has AMX, or it is another platform
//	127	the command could not be started
//
// It is stricter than a processor where that finds mistakes: memory that cannot be
// accessed is reported, and so is a configuration that begins with a later row. A
// signal's handler has the tiles of the thread, where Linux would give it none.
// Signals that stop a process do not stop the command. Each run of instructions on
// tiles costs about 20 µs, and each load, store and product in it 7 more.
//
// The instructions are those of Intel's 64 and IA-32 Architectures Software
// Developer's Manual: volume 1, chapter 18, and their pages in volume 2.
package main

const (
	statusWrong   = 70
	statusSkip    = 77
	statusNoStart = 127
)
