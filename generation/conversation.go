package generation

import (
	"slices"
	"strings"
)

// Conversation keeps the turns of a dialogue, so that each prompt has those before it. It is for models
// of data.task "dialogue".
type Conversation struct {
	gen       *Generator
	exchanges [][]Turn
}

// Turn is what a speaker says in a conversation.
type Turn struct {
	Speaker string `json:"role"`
	Text    string `json:"content"`
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
// as many of the last turns as fit the context whole, after the instructions that the conversation
// begins with. The Text of the prompt is that turn alone. A turn that the tokenizer cannot encode, or
// that does not fit, is an error.
func (c *Conversation) Prompt(turn string) (Prompt, error) {
	var lines []string
	for _, t := range c.Turns() {
		lines = append(lines, t.Speaker+": "+t.Text)
	}
	p, err := c.gen.Prompt(strings.Join(append(lines, turn), "\n"))
	p.Text = turn
	return p, err
}

// Instructs reports whether a turn is an instruction, as "system: Be brief.", which the model reads and
// does not answer.
func (c *Conversation) Instructs(turn string) bool {
	name, text, _ := strings.Cut(turn, ":")
	return strings.TrimSpace(text) != "" && c.gen.Format.Instructs(strings.TrimSpace(name))
}

// Add appends the turn of a prompt, and the reply to it, to the conversation. Line breaks in a reply
// become spaces. An empty turn or reply is left out.
func (c *Conversation) Add(p Prompt, reply string) {
	speaker := c.gen.Format.Speaker(p.Tokens[len(p.Tokens)-1])
	reply = strings.Join(strings.FieldsFunc(reply, func(r rune) bool { return r == '\n' || r == '\r' }), " ")
	var exchange []Turn
	if strings.TrimSpace(p.Text) != "" {
		name, text, _ := strings.Cut(c.gen.Format.Turn(p.Text, speaker), ":")
		exchange = append(exchange, Turn{strings.TrimSpace(name), strings.TrimSpace(text)})
	}
	if strings.TrimSpace(reply) != "" {
		exchange = append(exchange, Turn{speaker, strings.TrimSpace(reply)})
	}
	c.exchanges = append(c.exchanges, exchange)
	c.forget()
}

// forget drops the exchanges that no prompt can have: more than there are tokens in the context, of
// which a turn takes at least one.
func (c *Conversation) forget() {
	most := c.gen.Format.Limit
	for at := 0; most > 0 && len(c.exchanges) > most; {
		for at < len(c.exchanges)-1 && c.pinned(c.exchanges[at]) {
			at++
		}
		c.exchanges = slices.Delete(c.exchanges, at, at+1)
	}
}

// pinned reports whether an exchange is an instruction alone.
func (c *Conversation) pinned(exchange []Turn) bool {
	return len(exchange) == 1 && c.gen.Format.Instructs(exchange[0].Speaker)
}

// Undo forgets the last turn and the reply to it, and returns the turns forgotten: none if there are none.
func (c *Conversation) Undo() []Turn {
	if len(c.exchanges) == 0 {
		return nil
	}
	last := len(c.exchanges) - 1
	forgotten := c.exchanges[last]
	c.exchanges = c.exchanges[:last]
	return forgotten
}

// Turns returns all turns, the replies among them.
func (c *Conversation) Turns() []Turn { return slices.Concat(c.exchanges...) }

// Reset forgets all turns.
func (c *Conversation) Reset() { c.exchanges = nil }
