package serving

import (
	"net/http"
)

// tokenizeRequest is the body of /tokenize.
type tokenizeRequest struct {
	Model    string    `json:"model"`
	Text     *string   `json:"text"`
	Prompt   *string   `json:"prompt"`   // as /v1/completions reads it: with the tokens of the model's task
	Messages []message `json:"messages"` // as /v1/chat/completions reads them
}

// tokens returns the tokens of what is given.
func (q *tokenizeRequest) tokens(l *loaded, name string) ([]int, *apiError) {
	switch {
	case q.Messages != nil:
		p, err := chatPrompt(l, name, q.Messages)
		return p.Tokens, err
	case q.Prompt != nil:
		p, err := l.gen.Prompt(*q.Prompt)
		if err != nil {
			return nil, invalid("prompt", "%v", err)
		}
		return p.Tokens, nil
	case q.Text == nil:
		return nil, invalid("text", "text, prompt and messages are missing: give one of them")
	}
	ids, err := l.gen.Tokenizer.Encode(*q.Text)
	if err != nil {
		return nil, invalid("text", "%v", err)
	}
	return ids, nil
}

// tokenized is the response of /tokenize.
type tokenized struct {
	Tokens  []int    `json:"tokens"`
	Texts   []string `json:"texts"`   // of each token
	Offsets []int    `json:"offsets"` // of each token in the text, in characters
	Count   int      `json:"count"`
	Max     int      `json:"max_model_len"` // 0: no limit
}

func (s *Server) tokenize(w http.ResponseWriter, r *http.Request) *apiError {
	var q tokenizeRequest
	if err := s.decode(w, r, &q); err != nil {
		return err
	}
	run, err := s.run(q.Model)
	if err != nil {
		return err
	}
	l, release := run.use()
	defer release()
	ids, err := q.tokens(l, run.Name)
	if err != nil {
		return err
	}
	tk := l.gen.Tokenizer
	t := tokenized{Tokens: append([]int{}, ids...), Texts: []string{}, Offsets: []int{}, Count: len(ids), Max: l.engine.Context()}
	text, problem := tk.Decode(ids)
	if problem != nil {
		return invalid("text", "%v", problem)
	}
	at := places{text: text}
	for i, o := range offsetsOf(tk, ids) {
		t.Texts = append(t.Texts, tokenText(string(tk.Piece(ids[i]))))
		t.Offsets = append(t.Offsets, at.at(o[0]))
	}
	writeJSON(w, http.StatusOK, t)
	return nil
}

// detokenizeRequest is the body of /detokenize.
type detokenizeRequest struct {
	Model  string `json:"model"`
	Tokens []int  `json:"tokens"`
}

func (s *Server) detokenize(w http.ResponseWriter, r *http.Request) *apiError {
	var q detokenizeRequest
	if err := s.decode(w, r, &q); err != nil {
		return err
	}
	run, err := s.run(q.Model)
	if err != nil {
		return err
	}
	l, release := run.use()
	defer release()
	text, problem := l.gen.Tokenizer.Decode(q.Tokens)
	if problem != nil {
		return invalid("tokens", "%v", problem)
	}
	writeJSON(w, http.StatusOK, map[string]string{"text": text, "prompt": text})
	return nil
}
