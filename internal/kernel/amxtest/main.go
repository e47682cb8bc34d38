//go:build linux && amd64

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"

	"golang.org/x/sys/cpu"
	"golang.org/x/sys/unix"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: amxtest COMMAND ARGS…")
		os.Exit(2)
	}
	status, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "amxtest:", err)
	}
	os.Exit(status) // also kills all traced processes
}

// run runs the command under emulation and returns its exit status.
func run(command []string) (status int, err error) {
	if cpu.X86.HasAMXTile {
		return statusSkip, errors.New("this processor has AMX: run the command without amxtest")
	}
	runtime.LockOSThread() // a process can be traced only by the thread that started it
	pid, err := start(command)
	switch {
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.ENOSYS):
		return statusSkip, fmt.Errorf("ptrace is not permitted: %w", err)
	case err != nil:
		return statusNoStart, err
	}
	forward(pid)
	t := tracer{pid: pid, threads: map[int]*thread{pid: {begun: true}}}
	return t.run()
}

// start starts the command and leaves it stopped before its first instruction.
func start(command []string) (pid int, err error) {
	path, err := exec.LookPath(command[0])
	if err != nil {
		return 0, err
	}
	p, err := os.StartProcess(path, command, &os.ProcAttr{
		Env:   append(os.Environ(), "EURYALE_TEST_AMX=1"),
		Files: []*os.File{os.Stdin, os.Stdout, os.Stderr},
		Sys:   &syscall.SysProcAttr{Ptrace: true},
	})
	if err != nil {
		return 0, err
	}
	var status unix.WaitStatus
	for {
		if _, err = unix.Wait4(p.Pid, &status, 0, nil); err != unix.EINTR {
			break
		}
	}
	if err != nil {
		return 0, err
	}
	if !status.Stopped() {
		return 0, fmt.Errorf("%s ended before its first instruction", path)
	}
	const options = unix.PTRACE_O_EXITKILL | unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACEFORK |
		unix.PTRACE_O_TRACEVFORK | unix.PTRACE_O_TRACEEXEC
	if err := unix.PtraceSetOptions(p.Pid, options); err != nil {
		return 0, fmt.Errorf("ptrace: %w", err)
	}
	var regs unix.PtraceRegs
	if err := unix.PtraceGetRegs(p.Pid, &regs); err != nil {
		return 0, fmt.Errorf("ptrace: %w", err)
	}
	var code [1]byte
	if err := process(p.Pid).read([][]byte{code[:]}, regs.Rip, 0); err != nil {
		return 0, err
	}
	return p.Pid, unix.PtraceCont(p.Pid, 0)
}

// forward forwards termination signals of amxtest to the command.
func forward(pid int) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, unix.SIGINT, unix.SIGTERM, unix.SIGQUIT)
	go func() {
		for s := range signals {
			_ = unix.Kill(pid, s.(syscall.Signal)) // an error means that it has ended
		}
	}()
}
