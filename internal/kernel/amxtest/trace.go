//go:build linux && amd64

package main

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// tracer traces the threads of a command and of its child processes.
type tracer struct {
	pid     int // process id of the command
	threads map[int]*thread
}

// thread is the emulated tile state of a thread.
type thread struct {
	begun bool // the initial stop of a traced thread has been handled
	tiles tiles
}

// run handles stops until the command ends, and returns its exit status.
func (t *tracer) run() (status int, err error) {
	for {
		var s unix.WaitStatus
		tid, err := unix.Wait4(-1, &s, unix.WALL, nil)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return statusWrong, fmt.Errorf("wait: %w", err)
		case s.Stopped():
			deliver, err := t.stopped(tid, s)
			if err == nil {
				err = unix.PtraceCont(tid, deliver)
			}
			if err != nil && !errors.Is(err, unix.ESRCH) { // ESRCH: killed in the meantime
				return statusWrong, err
			}
			continue
		}
		delete(t.threads, tid)
		if tid == t.pid {
			if s.Signaled() {
				return 128 + int(s.Signal()), nil
			}
			return s.ExitStatus(), nil
		}
	}
}

// stopped handles a stop of a thread, and returns the signal to deliver to it, or 0.
func (t *tracer) stopped(tid int, s unix.WaitStatus) (deliver int, err error) {
	th := t.threads[tid]
	if th == nil {
		th = new(thread)
		t.threads[tid] = th
	}
	if cause := s.TrapCause(); cause > 0 { // an event; other traps have cause 0
		if cause == unix.PTRACE_EVENT_EXEC {
			former, err := unix.PtraceGetEventMsg(tid)
			delete(t.threads, int(former))
			t.threads[tid] = &thread{begun: true}
			return 0, err
		}
		return 0, nil
	}
	signal := s.StopSignal()
	switch signal {
	case unix.SIGILL:
		return t.illegal(tid, th)
	case unix.SIGSTOP, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU:
		if signal == unix.SIGSTOP && !th.begun {
			th.begun = true
			return 0, nil
		}
		if _, err := signalCode(tid); err == unix.EINVAL { // a group stop, whose signal was delivered before
			return 0, nil
		}
	}
	return int(signal), nil
}

// illegal emulates the tile instruction that raised SIGILL, and those that follow it.
func (t *tracer) illegal(tid int, th *thread) (deliver int, err error) {
	code, err := signalCode(tid)
	if err != nil {
		return 0, err
	}
	if code <= 0 { // sent by a process
		return int(unix.SIGILL), nil
	}
	var regs unix.PtraceRegs
	if err := unix.PtraceGetRegs(tid, &regs); err != nil {
		return 0, err
	}
	begin := regs.Rip
	if err := th.emulate(process(tid), &regs); err != nil {
		return 0, fmt.Errorf("at %#x%s: %w", regs.Rip, where(tid, regs.Rip), err)
	}
	if regs.Rip == begin {
		return int(unix.SIGILL), nil
	}
	return 0, unix.PtraceSetRegs(tid, &regs)
}

// emulate executes instructions up to the first that is not a tile instruction.
func (th *thread) emulate(p process, regs *unix.PtraceRegs) error {
	r := registers{regs.Rax, regs.Rcx, regs.Rdx, regs.Rbx, regs.Rsp, regs.Rbp, regs.Rsi, regs.Rdi,
		regs.R8, regs.R9, regs.R10, regs.R11, regs.R12, regs.R13, regs.R14, regs.R15}
	var code []byte
	for {
		if len(code) < longest {
			code = p.code(regs.Rip)
		}
		in, err := decode(code)
		if err == errOther {
			return nil
		}
		if err != nil {
			return err
		}
		r[rip] = regs.Rip + uint64(in.size)
		if err := th.tiles.execute(in, in.mem.start(&r), in.mem.stride(&r), p); err != nil {
			return fmt.Errorf("%v: %w", in, err)
		}
		regs.Rip, code = r[rip], code[in.size:]
	}
}

// signalCode returns the code of the signal that stopped a thread; it is positive if the
// kernel raised the signal.
func signalCode(tid int) (code int32, err error) {
	var info unix.Siginfo
	_, _, e := unix.RawSyscall6(unix.SYS_PTRACE, unix.PTRACE_GETSIGINFO, uintptr(tid), 0, uintptr(unsafe.Pointer(&info)), 0, 0)
	if e != 0 {
		return 0, e
	}
	return info.Code, nil
}
