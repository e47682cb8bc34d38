package serving

import (
	"net/http"

	"euryale/generation"
)

// modelInfo is a model in the form of /v1/models. What follows owned_by is ours.
type modelInfo struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`

	Context    int      `json:"context_length"` // 0: no limit
	Vocab      int      `json:"vocab_size"`
	MaxTokens  int      `json:"max_tokens"` // of a text
	Speakers   []string `json:"speakers"`   // of a dialogue
	Chat       bool     `json:"chat"`       // /v1/chat/completions answers
	HasSource  bool     `json:"has_source"` // the prompt is what an encoder reads
	Processors []string `json:"processors"` // in their default order
	Ready      bool     `json:"ready"`
}

func (s *Server) info(r *Run) modelInfo {
	l, release := r.use()
	defer release()
	m := modelInfo{ID: r.Name, Object: "model", Created: l.created.Unix(), OwnedBy: "euryale", Context: l.engine.Context(), Vocab: l.gen.Tokenizer.Vocab(),
		MaxTokens: s.limits.Tokens, Speakers: []string{}, Processors: generation.DefaultOrder(), Ready: r.ready() == nil}
	if f := l.gen.Format; f != nil {
		m.Speakers, m.HasSource = append(m.Speakers, f.Speakers()...), f.HasSource()
	}
	m.Chat = len(m.Speakers) > 0 || l.template != nil
	return m
}

func (s *Server) models(w http.ResponseWriter, r *http.Request) *apiError {
	all := []modelInfo{}
	for _, run := range s.runs {
		all = append(all, s.info(run))
	}
	writeJSON(w, http.StatusOK, map[string]any{"object": "list", "data": all})
	return nil
}

func (s *Server) model(w http.ResponseWriter, r *http.Request) *apiError {
	run, err := s.run(r.PathValue("model"))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, s.info(run))
	return nil
}

// health says that the server answers.
func (s *Server) health(w http.ResponseWriter, _ *http.Request) *apiError {
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	return nil
}

// ready says whether all models answer.
func (s *Server) ready(w http.ResponseWriter, _ *http.Request) *apiError {
	if s.draining.Load() {
		return newError(http.StatusServiceUnavailable, "", "", "the server is about to end")
	}
	for _, r := range s.runs {
		if err := r.ready(); err != nil {
			return newError(http.StatusServiceUnavailable, "model_unavailable", "", "model %s: %v", r.Name, err)
		}
	}
	writeJSON(w, http.StatusOK, map[string]string{"status": "ready"})
	return nil
}
