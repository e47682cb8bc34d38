package serving

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// sse writes server-sent events. The client must take each in time.
type sse struct {
	w       http.ResponseWriter
	control *http.ResponseController
	limit   time.Duration
	buffer  bytes.Buffer
}

// newSSE begins a stream.
func (s *Server) newSSE(w http.ResponseWriter) *sse {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Accel-Buffering", "no") // of nginx
	w.WriteHeader(http.StatusOK)
	return &sse{w: w, control: http.NewResponseController(w), limit: s.limits.Write}
}

// add adds an event of v.
func (s *sse) add(v any) error {
	s.buffer.WriteString("data: ")
	e := json.NewEncoder(&s.buffer)
	e.SetEscapeHTML(false)
	err := e.Encode(v) // and a line break
	s.buffer.WriteByte('\n')
	return err
}

// flush sends the events.
func (s *sse) flush() error {
	_ = s.control.SetWriteDeadline(time.Now().Add(s.limit)) // a writer of a test has none
	if _, err := s.w.Write(s.buffer.Bytes()); err != nil {
		return err
	}
	s.buffer.Reset()
	return s.control.Flush()
}

// end ends the stream: with an error, if there is one.
func (s *sse) end(err error) {
	if err != nil {
		_ = s.add(map[string]*apiError{"error": asError(err)}) // a buffer takes all
	}
	s.buffer.WriteString("data: [DONE]\n\n")
	_ = s.flush() // the client has left, or has all
}

// streamCompletions answers a request with its texts while they are generated.
func (s *Server) streamCompletions(ctx context.Context, w http.ResponseWriter, c *completing, mail *mailbox) {
	out := s.newSSE(w)
	withUsage := c.StreamOptions != nil && c.StreamOptions.IncludeUsage
	write := func(choices ...completionChoice) error {
		chunk := c.head
		if chunk.Choices = choices; withUsage {
			chunk.Usage = json.RawMessage("null")
		}
		return out.add(chunk)
	}
	for _, t := range c.texts {
		if c.Echo && c.Logprobs == nil { // else it comes with its tokens
			_ = write(completionChoice{Index: t.choice.Index, Text: t.choice.Text})
		}
	}
	err := mail.follow(ctx, len(c.requests), func(e event) error {
		added := c.collect(e)
		if e.piece.Scores != nil {
			added.Text = c.prompts[e.choice/c.generated].Text + added.Text
		}
		if err := write(added); err != nil {
			return err
		}
		return out.flush()
	})
	if err == nil && withUsage {
		chunk := c.head
		chunk.Choices, chunk.Usage = []completionChoice{}, c.usage
		err = out.add(chunk)
	}
	out.end(err)
}
