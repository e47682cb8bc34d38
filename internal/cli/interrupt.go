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

// savingKey is the key of a *sync.Mutex in a command's context: it is locked while the
// command has work that it saves when the context ends.
type savingKey struct{}

// Saving says that the command will save its work when ctx ends, and must not be ended
// before it has called done.
func Saving(ctx context.Context) (done func()) {
	saving, ok := ctx.Value(savingKey{}).(*sync.Mutex)
	if !ok {
		return func() {}
	}
	saving.Lock()
	return saving.Unlock
}

// interruptible calls run with a context that ends at the first SIGINT or SIGTERM. From then
// on run has grace to return, or until it has saved its work: see Saving. What it does
// otherwise, such as reading standard input or a large file, is abandoned with the process.
// The second signal ends the process at once.
func interruptible(run func(ctx context.Context) error) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	defer context.AfterFunc(ctx, stop)() // from then on signals do what they do by default
	saving := new(sync.Mutex)
	ended := make(chan error, 1)
	go func() { ended <- run(context.WithValue(ctx, savingKey{}, saving)) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	for {
		select {
		case err := <-ended:
			return err
		case <-time.After(grace):
			if saving.TryLock() {
				return errAbandoned
			}
		}
	}
}
