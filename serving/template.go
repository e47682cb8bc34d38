package serving

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/nikolalohinski/gonja/v2/config"
	"github.com/nikolalohinski/gonja/v2/exec"
	"github.com/nikolalohinski/gonja/v2/loaders"

	"euryale/data/tokenizer"
	"euryale/generation"
	"euryale/training"
	"euryale/training/rundir"
)

// Template is the chat template of an imported model: a text in Jinja, as transformers applies it. Templates
// come with models from anywhere, so they have only a part of the language and limits (see language).
type Template struct {
	parsed     *exec.Template
	begin, end string // bos_token and eos_token
}

// OpenTemplate reads the chat template of the run in dir; nil: it has none.
func OpenTemplate(dir string) (*Template, error) {
	t, err := training.OpenChat(dir)
	if t == nil || err != nil {
		return nil, err
	}
	parsed, err := NewTemplate(t.Template, t.Begin, t.End)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: correct the template, or remove the file to serve the model without chats", filepath.Join(dir, rundir.Chat), err)
	}
	return parsed, nil
}

// NewTemplate parses a chat template that names the tokens begin and end bos_token and eos_token.
func NewTemplate(source, begin, end string) (t *Template, err error) {
	defer func() {
		if p := recover(); p != nil {
			t, err = nil, fmt.Errorf("chat_template cannot be parsed: %v", p)
		}
	}()
	c := config.New()
	c.TrimBlocks, c.LeftStripBlocks = true, true // as transformers has it
	if err := checkTokens(source, c); err != nil {
		return nil, fmt.Errorf("chat_template: %w", err)
	}
	const name = "/chat_template"
	loader, err := loaders.NewMemoryLoader(map[string]string{name: source})
	if err != nil {
		return nil, err
	}
	parsed, err := exec.NewTemplate(name, c, loader, language())
	if err != nil {
		why := strings.TrimPrefix(err.Error(), fmt.Sprintf("failed to parse template '%s': ", source))
		return nil, fmt.Errorf("chat_template cannot be parsed: %.300s", strings.Join(strings.Fields(why), " "))
	}
	return &Template{parsed, begin, end}, nil
}

// maxRendered is the most bytes of the text of a chat, and of a variable of a template.
const maxRendered = 1 << 18

// maxRendering is the longest time that a chat takes to be rendered.
const maxRendering = time.Second

// raised is the error of raise_exception: what a template says of messages that it refuses.
type raised struct{ message string }

func (r *raised) Error() string { return r.message }

// Render returns the text of a chat up to where the reply begins.
func (t *Template) Render(messages []message) (text string, err error) {
	var refused *raised
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
		if refused != nil {
			err = refused
		}
		if err != nil {
			text = ""
		}
	}()
	left := &allowance{steps: maxRendered, until: time.Now().Add(maxRendering)}
	out := &limited{left: left}
	err = t.parsed.Execute(out, exec.NewContext(map[string]any{
		"messages": plain(messages), "bos_token": t.begin, "eos_token": t.end, "add_generation_prompt": true,
		allowanceName: left,
		"raise_exception": func(_ *exec.Evaluator, params *exec.VarArgs) (string, error) {
			refused = &raised{}
			if len(params.Args) > 0 {
				refused.message = params.Args[0].String()
			}
			return "", refused
		},
	}))
	return out.text.String(), err
}

// plain returns messages as a template reads them.
func plain(messages []message) []any {
	all := make([]any, len(messages))
	for i, m := range messages {
		one := map[string]any{"role": m.Role, "content": string(m.Content)}
		if m.Name != "" {
			one["name"] = m.Name
		}
		all[i] = one
	}
	return all
}

// prompt returns what a model reads of messages. Special tokens are read where the text has their names; one
// that the tokenizer puts at the beginning of every text is there only if the template writes it.
func (t *Template) prompt(tk tokenizer.Tokenizer, messages []message) (generation.Prompt, *apiError) {
	size := 0
	for _, m := range messages {
		size += len(m.Content)
	}
	if size > maxRendered {
		return generation.Prompt{}, newError(400, "context_length_exceeded", "messages", "messages: their contents have %d bytes, and a chat template reads %d", size, maxRendered)
	}
	text, err := t.Render(messages)
	if refused := (*raised)(nil); errors.As(err, &refused) {
		return generation.Prompt{}, invalid("messages", "messages: the chat template of the model refuses them: %.300s", refused.message)
	}
	if err != nil {
		return generation.Prompt{}, invalid("messages", "messages: the chat template of the model fails: %.300s", err)
	}
	parsing := tokenizer.ParseSpecials(tk)
	encode := parsing.Encode
	begin, opens := tk.Begin()
	if opens && strings.HasPrefix(text, string(tk.Piece(begin))) {
		encode, opens = parsing.EncodeNext, false
	}
	ids, err := encode(text)
	if err != nil {
		return generation.Prompt{}, invalid("messages", "messages: %v", err)
	}
	if opens && len(ids) > 0 {
		ids = ids[1:]
	}
	if len(ids) == 0 {
		return generation.Prompt{}, invalid("messages", "messages: the chat template of the model makes no text of them")
	}
	return generation.Prompt{Text: text, Tokens: ids}, nil
}
