package serving

import (
	"encoding/json"
	"slices"
	"strings"

	"euryale/data/task"
	"euryale/generation"
)

// message is a turn of a chat.
type message struct {
	Role    string  `json:"role"`
	Content content `json:"content"`
	Name    string  `json:"name"`
	Refusal *string `json:"refusal"`
}

// content is a text, or an array of parts that are texts.
type content string

// UnmarshalJSON reads either; null is the empty text.
func (c *content) UnmarshalJSON(raw []byte) error {
	if string(raw) == "null" || json.Unmarshal(raw, (*string)(c)) == nil {
		return nil
	}
	var parts []struct {
		Type string `json:"type"`
		Text string `json:"text"`
	}
	if json.Unmarshal(raw, &parts) != nil {
		return invalid("messages", "messages: content is neither a string nor an array of parts")
	}
	for _, p := range parts {
		if p.Type != "text" {
			return invalid("messages", "messages: a part has the type %.40q, and the models of this server read texts alone", p.Type)
		}
		*c += content(p.Text)
	}
	return nil
}

// chatPrompt returns what a model reads of messages.
func chatPrompt(l *loaded, name string, messages []message) (generation.Prompt, *apiError) {
	f := l.gen.Format
	switch {
	case len(messages) == 0:
		return generation.Prompt{}, invalid("messages", "messages is empty, want at least one")
	case l.template != nil:
		return l.template.prompt(l.gen.Tokenizer, messages)
	case f == nil || len(f.Speakers()) == 0:
		return generation.Prompt{}, invalid("model", "model %s was not trained on dialogues and has no chat template: call /v1/completions", name)
	}
	var lines []string
	for i, m := range messages {
		speaker, err := speakerOf(f, m.Role)
		if err != nil {
			return generation.Prompt{}, err
		}
		text := strings.TrimSpace(string(m.Content))
		if text == "" {
			return generation.Prompt{}, invalid("messages", "messages[%d].content is empty", i)
		}
		lines = append(lines, speaker+": "+strings.NewReplacer("\r\n", "\n\t", "\n", "\n\t", "\r", "\n\t").Replace(text))
	}
	replier, _ := f.Replier()
	p, err := l.gen.Prompt(strings.Join(append(lines, replier+":"), "\n"))
	if err != nil {
		return p, invalid("messages", "messages: %v", err)
	}
	p.Text = ""
	return p, nil
}

// speakerOf returns the speaker of a dialogue corpus for a role of OpenAI's, or for a speaker's own name.
func speakerOf(f *task.Format, role string) (string, *apiError) {
	speakers := f.Speakers()
	replier, partner := f.Replier()
	switch {
	case slices.Contains(speakers, role):
		return role, nil
	case role == "assistant":
		return replier, nil
	case role == "user":
		return partner, nil
	case role == "system" || role == "developer":
		if i := slices.IndexFunc(speakers, f.Instructs); i >= 0 {
			return speakers[i], nil
		}
		return "", invalid("messages", "messages: the model was trained on dialogues without instructions: leave out the message of %s", role)
	}
	return "", invalid("messages", "messages: there is no role %.40q: want user, assistant, or one of %s", role, strings.Join(speakers, ", "))
}
