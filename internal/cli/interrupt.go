package cli

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// ErrInterrupted says that the user stopped the command, after it saved its work.
var ErrInterrupted = errors.New("interrupted")

// grace is how long an interrupted command may take to end by itself.
const grace = 350 * time.Millisecond

// interruptionKey is the key of the *interruption in a command's context.
type interruptionKey struct{}

// interruption is what signals do to a command.
type interruption struct {
	saving sync.Mutex // locked while the command has work that it saves when the context ends

	mu   sync.Mutex
	part context.CancelFunc // of what Part began, nil outside of it
}

// Saving says that the command will save its work when ctx ends, and must not be ended
// before it has called done.
func Saving(ctx context.Context) (done func()) {
	in, ok := ctx.Value(interruptionKey{}).(*interruption)
	if !ok {
		return func() {}
	}
	in.saving.Lock()
	return in.saving.Unlock
}

// Part begins a part of the command that an interrupt (Ctrl-C) ends alone: until done is
// called, the first SIGINT ends the context of the part and not the command. The second one,
// and SIGTERM, end the command.
func Part(ctx context.Context) (part context.Context, done func()) {
	part, cancel := context.WithCancel(ctx)
	in, ok := ctx.Value(interruptionKey{}).(*interruption)
	if !ok {
		return part, cancel
	}
	in.setPart(cancel)
	return part, func() {
		in.setPart(nil)
		cancel()
	}
}

func (in *interruption) setPart(cancel context.CancelFunc) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.part = cancel
}

// endPart ends the part that has begun, and reports whether there was one.
func (in *interruption) endPart() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.part == nil {
		return false
	}
	in.part()
	in.part = nil
	return true
}

// interruptible calls run with a context that ends at the first SIGINT or SIGTERM, outside of
// a Part. From then on run has grace to return, or until it has saved its work: see Saving.
// What it does otherwise, such as reading standard input or a large file, is abandoned with
// the process. The second signal ends the process at once.
func interruptible(run func(ctx context.Context) error) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	in := new(interruption)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	ended := make(chan error, 1)
	go func() { ended <- run(context.WithValue(ctx, interruptionKey{}, in)) }()
	for ctx.Err() == nil {
		select {
		case err := <-ended:
			return err
		case s := <-signals:
			if s == os.Interrupt && in.endPart() {
				continue
			}
			signal.Stop(signals) // from now on signals do what they do by default
			cancel()
		}
	}
	for {
		select {
		case err := <-ended:
			return err
		case <-time.After(grace):
			if in.saving.TryLock() {
				return errAbandoned
			}
		}
	}
}
