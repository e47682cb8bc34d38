package generation

import (
	"slices"

	"euryale/data/tokenizer"
)

// ending reads the tokens of one continuation as they are chosen: it decodes them, finds
// out when the continuation ends, and why. Sampling and beam search both end by it.
type ending struct {
	settings Settings
	end      []int // tokens that end a text
	text     *tokenizer.Stream
	stop     stopper
	count    int // of tokens that are part of the continuation
	decoded  int // bytes of text that the tokens have completed
	offsets  [][2]int
	reason   string // why it has ended, as in Result; "" while it has not
}

// newEnding returns the ending of a continuation of p.
func (g *Generator) newEnding(p Prompt, s Settings) *ending {
	e := &ending{settings: s, end: g.End, text: tokenizer.NewStreamAfter(tokenizer.WithUnknowns(g.Tokenizer, p.Unknown), p.Tokens), stop: stopper{stops: s.Stop}}
	if s.Tokens == 0 {
		e.reason = ReasonLength
	}
	return e
}

// push reads a token and returns the text that can be shown after it. A token that ends the
// text is no part of it.
func (e *ending) push(id int) (shown string) {
	if slices.Contains(e.end, id) {
		e.reason = ReasonEnd
		return ""
	}
	e.count++
	begin := e.decoded + e.text.Held()
	text := e.text.Push(id)
	e.decoded += len(text)
	e.offsets = append(e.offsets, [2]int{begin, e.decoded + e.text.Held()})
	shown, stopped := e.stop.push(text, e.count < e.settings.MinTokens)
	switch {
	case stopped:
		e.reason = ReasonStop
	case e.count >= e.settings.Tokens:
		e.reason = ReasonLength
	}
	return shown
}

// flush returns the text that is held back when the continuation is over.
func (e *ending) flush() string {
	if e.reason == ReasonStop {
		return ""
	}
	shown, stopped := e.stop.push(e.text.Flush(), false)
	if !stopped {
		shown += e.stop.rest()
	}
	return shown
}

// offsetsIn returns where in a text of so many bytes the tokens are, each from its first byte to the one
// after its last. Of tokens of a stop text, which is no part of the text, only what is before it counts.
func (e *ending) offsetsIn(size int) [][2]int {
	for i, o := range e.offsets {
		e.offsets[i] = [2]int{min(o[0], size), min(o[1], size)}
	}
	return e.offsets
}

// read reads a whole continuation, and returns its text and why it ends.
func (e *ending) read(ids []int) (text, reason string) {
	for _, id := range ids {
		if text += e.push(id); e.reason == ReasonStop {
			break
		}
	}
	return text, e.reason
}
