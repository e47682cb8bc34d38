package main

import (
	"log"

	"github.com/go-zeromq/zmq4"
)

// takeQueued returns the requests that wait.
var takeQueued func() []zmq4.Msg

// abort answers the requests that waited when a cell failed: those of cells are not executed.
func (kernel *Kernel) abort(queued []zmq4.Msg, sockets SocketGroup) {
	for _, q := range queued {
		msg, ids, err := WireMsgToComposedMsg(q.Frames, sockets.Key)
		if err != nil {
			log.Println(err)
			continue
		}
		receipt := msgReceipt{msg, ids, sockets}
		if msg.Header.MsgType != "execute_request" {
			kernel.handleShellMsg(receipt)
			continue
		}
		receipt.PublishKernelStatus(kernelBusy)
		if err := receipt.Reply("execute_reply", map[string]interface{}{"status": "aborted"}); err != nil {
			log.Println(err)
		}
		receipt.PublishKernelStatus(kernelIdle)
	}
}
