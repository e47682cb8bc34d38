// Command supervise runs the notebook kernel, and tells the notebook why it ended.
//
//	supervise KERNEL CONNECTION_FILE
//
// A kernel that panics in a goroutine, or is killed, cannot say so itself: this program then
// takes its place at the sockets, and answers the request that was under way with an error.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
)

// request is what the kernel writes to its pipe when it begins and ends an execution. Without
// Identities nothing is executed.
type request struct {
	Header     json.RawMessage `json:"header"`
	Identities [][]byte        `json:"identities"`
	Count      int             `json:"count"`
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("supervise: ")
	if len(os.Args) != 3 {
		log.Fatal("usage: supervise KERNEL CONNECTION_FILE")
	}
	last, said, err := run(os.Args[1], os.Args[2])
	if err == nil {
		return
	}
	reason := why(err, said)
	log.Print(reason)
	if last.Header != nil {
		if err := answer(os.Args[2], last, reason); err != nil {
			log.Print(err)
		}
	}
	os.Exit(1)
}

// run runs the kernel. It returns the request that was under way at the end, and the end of what
// the kernel wrote to its standard error.
func run(kernel, connection string) (last request, said string, err error) {
	cmd := exec.Command(kernel, connection)
	cmd.Env = append(os.Environ(), "EURYALE_SUPERVISED=1")
	cmd.Stdout = os.Stdout
	// Jupyter interrupts the process group: in the same group the kernel would get each interrupt
	// twice, and the second could end the next cell.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if _, err = cmd.StdinPipe(); err != nil { // closed when this program ends
		return last, "", err
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return last, "", err
	}
	running, writer, err := os.Pipe()
	if err != nil {
		return last, "", err
	}
	cmd.ExtraFiles = []*os.File{writer}
	if err = cmd.Start(); err != nil {
		return last, "", err
	}
	writer.Close()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		for s := range signals {
			cmd.Process.Signal(s)
		}
	}()
	var read sync.WaitGroup
	read.Add(2)
	go func() {
		defer read.Done()
		for decoder := json.NewDecoder(running); ; {
			var r request
			if decoder.Decode(&r) != nil {
				return
			}
			last = r
		}
	}()
	var end tail
	go func() {
		defer read.Done()
		io.Copy(io.MultiWriter(os.Stderr, &end), stderr)
	}()
	read.Wait()
	return last, end.String(), cmd.Wait()
}

// tail keeps the end of what is written.
type tail struct{ bytes.Buffer }

func (t *tail) Write(p []byte) (int, error) {
	if t.Len() > 1<<20 {
		t.Next(t.Len() / 2)
	}
	return t.Buffer.Write(p)
}

// why returns the reason of the end in one line.
func why(err error, said string) string {
	for _, line := range strings.Split(said, "\n") {
		if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") || strings.HasPrefix(line, "runtime: goroutine stack exceeds") {
			return "the kernel has ended: " + line
		}
	}
	if exit, ok := err.(*exec.ExitError); ok {
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGKILL {
			return "the kernel has ended: it was killed, most likely since the memory was full"
		}
	}
	return fmt.Sprintf("the kernel has ended: %v", err)
}
