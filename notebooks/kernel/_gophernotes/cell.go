package main

import (
	"context"
	"errors"
	"fmt"
	"go/token"
	"log"
	"os"
	"os/signal"
	"reflect"
	"sync"
	"time"

	"github.com/cosmos72/gomacro/base"
	"github.com/cosmos72/gomacro/base/genimport"
	"github.com/cosmos72/gomacro/fast"
	"github.com/cosmos72/gomacro/imports"
)

// current is the cell that runs, or ran last.
var current = &cell{}

// cell is the state of an execution.
type cell struct {
	ir          *fast.Interp
	mu          sync.Mutex
	busy        bool
	interrupted bool
	asked       bool // whether compiled code asks ctx for the end
	ctx         context.Context
	cancel      context.CancelFunc
	shown       map[string]bool // the display ids of the cell's outputs
}

// begin resets the state for the next execution.
func (c *cell) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy, c.interrupted, c.asked, c.shown = true, false, false, map[string]bool{}
	c.ctx, c.cancel = context.WithCancel(context.Background())
}

// end ends the execution. An interrupt that the interpreter has not seen yet is forgotten: the next
// cell would be interrupted by it.
func (c *cell) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy = false
	c.ir.PrepareEnv().Run.Signals.Async = base.SigNone
}

// context returns the context of the cell, which ends with an interrupt.
func (c *cell) context() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx == nil {
		return context.Background()
	}
	return c.ctx
}

// ask is context for compiled code.
func (c *cell) ask() context.Context {
	c.mu.Lock()
	c.asked = true
	c.mu.Unlock()
	return c.context()
}

// interrupt ends the context of the cell. It returns how long code that asks for it, such as
// Train, is given to end by itself; running is false when no cell runs.
func (c *cell) interrupt() (grace time.Duration, running bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy {
		c.interrupted = true
		c.cancel()
	}
	if c.asked {
		grace = time.Second
	}
	return grace, c.busy
}

// stop reports whether the cell was interrupted and still runs. If now is set, it has the interpreter
// end it.
func (c *cell) stop(now bool) (running bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if running = c.busy && c.interrupted; running && now {
		c.ir.Interrupt(nil)
	}
	return running
}

func (c *cell) wasInterrupted() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.interrupted
}

// first reports whether the cell shows an output with the display id for the first time.
func (c *cell) first(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.shown[id]
	if c.shown != nil {
		c.shown[id] = true
	}
	return !was
}

// cellContext is the context.Background of notebooks: it ends with an interrupt of the cell that
// runs, and lives again in the next cell.
type cellContext struct{ context.Context }

func (cellContext) Done() <-chan struct{} { return current.ask().Done() }
func (cellContext) Err() error            { return current.ask().Err() }
func (cellContext) String() string        { return "the context of the cell that runs" }

// prepare adapts the interpreter and the packages that it uses to notebooks.
func prepare(ir *fast.Interp) {
	current.ir = ir
	genimport.NotLinked = "not linked into the kernel, and nothing is downloaded: add it to notebooks/kernel/bindings/bindings.go, run notebooks/kernel/build.sh, restart the kernel"
	fast.OnGoroutinePanic = func(panicked interface{}, stack []token.Pos) {
		fmt.Fprintf(os.Stderr, "panic in a goroutine: %v\n", placed(ir, panicked, stack, token.NoPos))
	}
	log.SetOutput(stderr{})
	bind("context", "Background", func() context.Context { return cellContext{context.Background()} })
	bind("context", "TODO", func() context.Context { return cellContext{context.Background()} })
	bind("time", "Sleep", func(d time.Duration) {
		select {
		case <-time.After(d):
		case <-current.context().Done():
		}
	})
	bind("os", "Exit", func(code int) { panic(fmt.Errorf("os.Exit(%d): a cell cannot end the kernel", code)) })
	bind("log", "Fatal", func(a ...interface{}) { panic(errors.New(fmt.Sprint(a...))) })
	bind("log", "Fatalf", func(format string, a ...interface{}) { panic(fmt.Errorf(format, a...)) })
	bind("log", "Fatalln", func(a ...interface{}) { panic(errors.New(fmt.Sprint(a...))) })
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt)
	go func() {
		for range signals {
			grace, running := current.interrupt()
			// A cell can recover from the panic that ends it: it panics until it has ended.
			for began := time.Now(); running && current.stop(time.Since(began) >= grace); {
				time.Sleep(50 * time.Millisecond)
			}
		}
	}()
}

// bind replaces a function of a package for notebooks.
func bind(path, name string, function interface{}) {
	was, ok := imports.Packages[path].Binds[name]
	if !ok || was.Type() != reflect.TypeOf(function) {
		log.Fatalf("%s.%s of the interpreter has changed: it is %v", path, name, was)
	}
	imports.Packages[path].Binds[name] = reflect.ValueOf(function)
}

// stderr writes to the standard error of the cell that runs.
type stderr struct{}

func (stderr) Write(p []byte) (int, error) { return os.Stderr.Write(p) }
