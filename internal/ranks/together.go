package ranks

import (
	"context"
	"errors"
	"time"
)

// polls are the moments at which ranks that work apart exchange a few words. Ranks that wait in a
// collective keep a core busy, and end the job after a while; so all of them sleep, and call it at
// about the same time: at most a twentieth of the time that has passed is lost at the end.
type polls struct{ began time.Time }

func newPolls() polls { return polls{time.Now()} }

// sleep returns when it is time for the next exchange.
func (p polls) sleep() {
	time.Sleep(min(max(time.Since(p.began)/20, 2*time.Millisecond), 200*time.Millisecond))
}

// Together runs work on each rank, which must call no collective and may be nil, and returns when
// all ranks have ended theirs. When the context of one rank ends, that of the work of all does, and
// all return context.Canceled. When the work of one fails, the work of the others ends too, and all
// return its error, as Agree does.
func Together(ctx context.Context, g Group, work func(ctx context.Context) error) error {
	if work == nil {
		work = func(context.Context) error { return nil }
	}
	if g.Size() == 1 {
		return work(ctx)
	}
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- work(inner) }()
	var failed error
	busy := int64(1)
	for p := newPolls(); ; p.sleep() {
		select {
		case failed = <-ended:
			busy = 0
		default:
		}
		state := []int64{busy, isTrue(failed != nil), isTrue(ctx.Err() != nil)}
		if err := AllReduce(g, state, Max); err != nil {
			return err
		}
		if state[1] > 0 || state[2] > 0 {
			cancel()
		}
		if state[0] > 0 {
			continue
		}
		if state[2] > 0 {
			return context.Canceled
		}
		if errors.Is(failed, context.Canceled) { // because another rank has failed
			failed = nil
		}
		return Agree(g, failed)
	}
}

func isTrue(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}
