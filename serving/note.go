package serving

import (
	"log"
	"log/slog"
	"net/http"

	"euryale/generation"
)

// noteBegin logs what a request is for; prompts only if the server was told to.
func (s *Server) noteBegin(r *http.Request, model string, prompts []generation.Prompt, texts int) {
	tokens := 0
	for _, p := range prompts {
		tokens += len(p.Tokens) + len(p.Source)
	}
	attributes := []slog.Attr{slog.String("model", model), slog.String("remote", r.RemoteAddr), slog.Int("prompt_tokens", tokens), slog.Int("texts", texts)}
	if s.LogPrompts {
		for _, p := range prompts {
			attributes = append(attributes, slog.String("prompt", p.Text))
		}
	}
	s.Log.LogAttrs(r.Context(), slog.LevelInfo, "begin", attributes...)
}

// noteEnd logs how many tokens a request took, and the texts if the server was told to.
func (s *Server) noteEnd(r *http.Request, model string, u usage, texts func() []string) {
	attributes := []slog.Attr{slog.String("model", model), slog.String("remote", r.RemoteAddr), slog.Int("prompt_tokens", u.PromptTokens),
		slog.Int("cached_tokens", u.PromptDetails.CachedTokens), slog.Int("completion_tokens", u.CompletionTokens)}
	if s.LogPrompts {
		attributes = append(attributes, slog.Any("text", texts()))
	}
	s.Log.LogAttrs(r.Context(), slog.LevelInfo, "end", attributes...)
}

// httpLog returns a logger of the errors of connections.
func (s *Server) httpLog() *log.Logger { return slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug) }
