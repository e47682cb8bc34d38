package generation

import "strings"

// Conversation keeps the turns of a dialogue, so that each prompt has those before it. It is for models
// of data.task "dialogue".
type Conversation struct {
	gen   *Generator
	turns []string // lines as task.Format.Prompt reads them, with the names of the speakers
}

// NewConversation returns an empty conversation with a model, or nil if the model was not trained on
// dialogues.
func NewConversation(g *Generator) *Conversation {
	if g.Format == nil || len(g.Format.Speakers()) == 0 {
		return nil
	}
	return &Conversation{gen: g}
}

// Prompt returns what the model reads of the conversation and one more turn, which "NAME: " may begin:
// as many of the last turns as fit the context whole. The Text of the prompt is that turn alone. A turn
// that the tokenizer cannot encode, or that does not fit, is an error.
func (c *Conversation) Prompt(turn string) (Prompt, error) {
	p, err := c.gen.Prompt(strings.Join(append(c.turns[:len(c.turns):len(c.turns)], turn), "\n"))
	p.Text = turn
	return p, err
}

// Add appends the turn of a prompt, and the reply to it, to the conversation. Line breaks in a reply
// become spaces.
func (c *Conversation) Add(p Prompt, reply string) {
	speaker := c.gen.Format.Speaker(p.Tokens[len(p.Tokens)-1])
	reply = strings.Join(strings.FieldsFunc(reply, func(r rune) bool { return r == '\n' || r == '\r' }), " ")
	if strings.TrimSpace(p.Text) != "" {
		c.turns = append(c.turns, c.gen.Format.Turn(p.Text, speaker))
	}
	if strings.TrimSpace(reply) != "" {
		c.turns = append(c.turns, speaker+": "+reply)
	}
	if most := c.gen.Format.Limit; most > 0 && len(c.turns) > most { // a turn has at least one token
		c.turns = c.turns[len(c.turns)-most:]
	}
}

// Reset forgets all turns.
func (c *Conversation) Reset() { c.turns = nil }
