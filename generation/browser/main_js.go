package browser

import (
	"context"
	"syscall/js"
)

// Directory is where the worker puts the files that Main reads.
const Directory = "/model"

// Main runs in a worker thread: it opens the model in Directory and answers the messages of the page, which
// are the texts of JSON, as it sends them. It returns only if the model cannot be opened, after telling the
// page why.
func Main() {
	worker := js.Global()
	send := func(text []byte) { worker.Call("postMessage", string(text)) }
	g, d, err := Open(Directory)
	s := NewSession(g, send, turn())
	if err != nil {
		s.Fail(err)
		return
	}
	worker.Set("onmessage", js.FuncOf(func(_ js.Value, args []js.Value) any {
		s.Receive([]byte(args[0].Get("data").String()))
		return nil
	}))
	s.Describe(d)
	g.Weights.Hold()
	s.Run(context.Background())
}

// turn returns a function that lets the worker's event loop take one turn. It waits for a message to itself,
// which, unlike a timer, browsers do not delay.
func turn() func() {
	channel, back := js.Global().Get("MessageChannel").New(), make(chan struct{}, 1)
	channel.Get("port1").Set("onmessage", js.FuncOf(func(js.Value, []js.Value) any {
		back <- struct{}{}
		return nil
	}))
	port := channel.Get("port2")
	return func() {
		port.Call("postMessage", nil)
		<-back
	}
}
