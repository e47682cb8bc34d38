package interchange

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"euryale/data/tokenizer"
	"euryale/internal/runfile"
)

const (
	tokenizerConfigFile = "tokenizer_config.json"
	templateFile        = "chat_template.jinja"
)

// mostTemplate is the maximum size in bytes of a chat template.
const mostTemplate = 1 << 16

// ChatTemplate is the form in which a model reads a chat.
type ChatTemplate struct {
	Template string `json:"chat_template"` // in Jinja, as transformers applies it
	Begin    string `json:"bos_token,omitempty"`
	End      string `json:"eos_token,omitempty"` // it ends a reply too
}

// OpenChat reads a chat template that Save wrote; nil: there is no file.
func OpenChat(path string) (*ChatTemplate, error) {
	t := &ChatTemplate{}
	err := readJSON(path, t)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err == nil && len(t.Template) > mostTemplate {
		err = fmt.Errorf("%s: chat_template has %d bytes, want %d at most", path, len(t.Template), mostTemplate)
	}
	return t, err
}

// Save writes the template to a file.
func (t *ChatTemplate) Save(path string) error {
	return runfile.WriteAtomic(path, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(t)
	})
}

// hfChat returns the chat template of a directory of transformers, or nil if it has none:
// chat_template.jinja, or chat_template in tokenizer_config.json. Tokens that the latter does not name are
// the tokenizer's.
func hfChat(dir string, tk tokenizer.Tokenizer) (*ChatTemplate, error) {
	var c struct {
		Template templates  `json:"chat_template"`
		Begin    addedToken `json:"bos_token"`
		End      addedToken `json:"eos_token"`
	}
	path := filepath.Join(dir, tokenizerConfigFile)
	if err := readJSON(path, &c); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	own := filepath.Join(dir, templateFile)
	raw, err := runfile.ReadBounded(own, mostTemplate)
	switch {
	case err == nil:
		c.Template = templates(raw)
	case !errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("%s: %w", own, err)
	}
	switch {
	case c.Template == "":
		return nil, nil
	case len(c.Template) > mostTemplate:
		return nil, fmt.Errorf("%s: chat_template has %d bytes, want %d at most", path, len(c.Template), mostTemplate)
	}
	begin, end := tokenizer.BeginEnd(tk)
	t := &ChatTemplate{Template: string(c.Template), Begin: string(c.Begin), End: string(c.End)}
	if t.Begin == "" {
		t.Begin = string(tk.Piece(begin))
	}
	if t.End == "" {
		t.End = string(tk.Piece(end))
	}
	return t, nil
}

// templates is a chat template: a string, or that called default in a list of {"name", "template"}.
type templates string

// UnmarshalJSON reads either; null is none.
func (t *templates) UnmarshalJSON(raw []byte) error {
	if json.Unmarshal(raw, (*string)(t)) == nil {
		return nil
	}
	var named []struct {
		Name     string `json:"name"`
		Template string `json:"template"`
	}
	if json.Unmarshal(raw, &named) != nil {
		return errors.New("chat_template is neither a string nor a list of names and templates")
	}
	for _, n := range named {
		if n.Name == "default" {
			*t = templates(n.Template)
		}
	}
	return nil
}

// addedToken is the text of a token: a string, or the content of an object.
type addedToken string

// UnmarshalJSON reads either; null is none.
func (t *addedToken) UnmarshalJSON(raw []byte) error {
	if json.Unmarshal(raw, (*string)(t)) == nil {
		return nil
	}
	var object struct {
		Content string `json:"content"`
	}
	if json.Unmarshal(raw, &object) != nil {
		return errors.New("bos_token or eos_token is neither a string nor an object with content")
	}
	*t = addedToken(object.Content)
	return nil
}
