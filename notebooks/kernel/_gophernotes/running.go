package main

import (
	"encoding/json"
	"io"
	"log"
	"os"
	"syscall"
)

// running is the pipe to the program that started the kernel (see package supervise), or nil.
var running *json.Encoder

// superviseEnv is set for a kernel whose parent waits for its end.
const superviseEnv = "EURYALE_SUPERVISED"

// watchParent ends the kernel with its parent.
func watchParent() {
	if os.Getenv(superviseEnv) == "" {
		return
	}
	os.Unsetenv(superviseEnv)
	syscall.CloseOnExec(3) // not for the commands of cells
	running = json.NewEncoder(os.NewFile(3, "running"))
	parent := os.Stdin
	os.Stdin, _ = os.Open(os.DevNull)
	go func() {
		io.Copy(io.Discard, parent)
		os.Exit(1)
	}()
}

// reportRunning tells the parent which request is executed, or that none is, so that the parent
// can say why the kernel ended.
func reportRunning(receipt *msgReceipt) {
	if running == nil {
		return
	}
	request := map[string]interface{}{}
	if receipt != nil {
		request = map[string]interface{}{"header": receipt.Msg.Header, "identities": receipt.Identities, "count": ExecCounter}
	}
	if err := running.Encode(request); err != nil {
		log.Println(err)
	}
}
