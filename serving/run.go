package serving

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"euryale/generation"
)

// Loader reads a model from where it is kept, and returns what tells its weights from others.
type Loader func() (g *generation.Generator, fingerprint string, err error)

// Run is a model that a server serves, with the engine that generates its texts.
type Run struct {
	Name string
	Load Loader

	Template *Template // of chats; nil: the model reads them as the dialogues that it was trained on

	Sequences int // texts generated side by side
	Waiting   int // most texts that wait for one of these

	log     *slog.Logger
	mu      sync.Mutex
	current *loaded
	closed  bool
}

// loaded is a model with the weights that it had when it was read.
type loaded struct {
	gen         *generation.Generator
	engine      *generation.Engine
	template    *Template
	fingerprint string
	created     time.Time
	stop        context.CancelFunc
	users       sync.WaitGroup // requests and the engine
	failed      error          // why the engine has ended, once users are done or failure is closed
	failure     chan struct{}
}

// start reads the model and starts its engine.
func (r *Run) start() (*loaded, error) {
	g, fingerprint, err := r.Load()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.Name, err)
	}
	l := &loaded{gen: g, template: r.Template, fingerprint: fingerprint, created: time.Now(), failure: make(chan struct{})}
	if l.engine, err = generation.NewEngine(g, r.Sequences, r.Waiting); err != nil {
		return nil, fmt.Errorf("%s: %w", r.Name, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	l.stop = cancel
	go func() {
		err := l.engine.Run(ctx)
		if ctx.Err() == nil {
			l.failed = err
			close(l.failure)
			r.log.Error("the model failed, and is read again", "model", r.Name, "error", err)
			r.recover(l)
		}
	}()
	return l, nil
}

// recover reads the model again after a failure, until that succeeds or something else replaces it.
func (r *Run) recover(failed *loaded) {
	for wait := time.Second; ; wait = min(2*wait, time.Minute) {
		time.Sleep(wait)
		r.mu.Lock()
		replaced := r.closed || r.current != failed
		r.mu.Unlock()
		if replaced {
			return
		}
		err := r.Reload()
		if err == nil {
			r.log.Info("read again", "model", r.Name)
			return
		}
		r.log.Error("the model cannot be read again", "model", r.Name, "error", err)
	}
}

// Reload reads the model again. Requests under way are completed with the weights that they began with. If
// the model cannot be read, the server keeps the one that it has.
func (r *Run) Reload() error {
	next, err := r.start()
	if err != nil {
		return err
	}
	r.mu.Lock()
	if r.closed {
		next.stop()
	}
	old := r.current
	r.current = next
	r.mu.Unlock()
	if old != nil {
		go func() {
			old.users.Wait()
			old.stop()
		}()
	}
	return nil
}

// use returns the model for a request, which calls release when it needs it no more.
func (r *Run) use() (l *loaded, release func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.current.users.Add(1)
	return r.current, r.current.users.Done
}

// ready returns why the model answers no requests.
func (r *Run) ready() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current == nil {
		return errors.New("it has not been read")
	}
	select {
	case <-r.current.failure:
		return r.current.failed
	default:
		return nil
	}
}

// close ends the engine; requests that are not complete get an error.
func (r *Run) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	if r.current != nil {
		r.current.stop()
	}
}
