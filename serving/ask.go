package serving

import (
	"context"
	"sync"

	"euryale/generation"
)

// event is a piece of a text, or its end.
type event struct {
	choice   int // index of the request
	piece    generation.Piece
	ended    bool
	response generation.Response
	err      error
}

// mailbox keeps the events of a request until its client takes them. It has no limit of its own: the
// texts of a request have, and so an engine never waits for a slow client.
type mailbox struct {
	mu     sync.Mutex
	events []event
	wake   chan struct{}
	first  func() // called with the first event that is taken; nil: not at all
}

func newMailbox() *mailbox { return &mailbox{wake: make(chan struct{}, 1)} }

func (m *mailbox) put(e event) {
	m.mu.Lock()
	m.events = append(m.events, e)
	m.mu.Unlock()
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// take waits for events and returns all that there are.
func (m *mailbox) take(ctx context.Context) ([]event, error) {
	for {
		m.mu.Lock()
		all := m.events
		m.events = nil
		m.mu.Unlock()
		if err := ctx.Err(); err != nil || len(all) > 0 {
			return all, err
		}
		select {
		case <-m.wake:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// ask queues requests whose events go to the mailbox.
func ask(ctx context.Context, e *generation.Engine, requests []*generation.Request) (*mailbox, error) {
	m := newMailbox()
	for i, r := range requests {
		r.Emit = func(p generation.Piece) { m.put(event{choice: i, piece: p}) }
		r.Done = func(response generation.Response, err error) {
			m.put(event{choice: i, ended: true, response: response, err: err})
		}
	}
	return m, e.Add(ctx, requests...)
}

// follow calls f with each event of so many requests until all have ended. The first error ends it.
func (m *mailbox) follow(ctx context.Context, requests int, f func(event) error) error {
	for left := requests; left > 0; {
		events, err := m.take(ctx)
		if err != nil {
			return err
		}
		for _, e := range events {
			if e.err != nil {
				return e.err
			}
			if m.first != nil {
				m.first()
				m.first = nil
			}
			if err := f(e); err != nil {
				return err
			}
			if e.ended {
				left--
			}
		}
	}
	return nil
}

// add counts tokens, of the prompt those among them whose state was known.
func (u *usage) add(prompt, completion, cached int) {
	u.PromptTokens += prompt
	u.CompletionTokens += completion
	u.TotalTokens += prompt + completion
	u.PromptDetails.CachedTokens += cached
}
