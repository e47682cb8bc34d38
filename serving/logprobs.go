package serving

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"euryale/data/tokenizer"
	"euryale/generation"
)

// leastLogprob stands for −∞, which JSON does not have.
const leastLogprob = -9999

// tokenText returns the text of a token as OpenAI writes it: bytes that are no whole characters as
// "bytes:\xe4\xb8".
func tokenText(piece string) string {
	if utf8.ValidString(piece) {
		return piece
	}
	var b strings.Builder
	b.WriteString("bytes:")
	for i := range len(piece) {
		fmt.Fprintf(&b, `\x%02x`, piece[i])
	}
	return b.String()
}

// places counts the characters of a text that arrives in pieces.
type places struct {
	text  string // that follows byte and char
	bytes int    // before text
	chars int
}

// at returns how many characters are before a byte; later calls name no earlier ones.
func (p *places) at(offset int) int {
	n := min(max(0, offset-p.bytes), len(p.text))
	for n > 0 && n < len(p.text) && !utf8.RuneStart(p.text[n]) {
		n-- // the character begins before the token
	}
	p.chars, p.bytes, p.text = p.chars+utf8.RuneCountInString(p.text[:n]), p.bytes+n, p.text[n:]
	return p.chars
}

// logprobsOf returns tokens in the form of /v1/completions; top is the number of alternatives. Base is
// where their text begins, in bytes of p's.
func logprobsOf(steps []generation.Step, offsets [][2]int, top, base int, p *places) *tokenLogprobs {
	l := newLogprobs(len(steps))
	for i, s := range steps {
		logprob := max(s.Logprob, leastLogprob)
		l.add(tokenText(s.Piece), s.Token, &logprob, p.at(base+offsets[i][0]))
		best, ids := map[string]float64{}, map[string]int{}
		for _, a := range s.Top[:min(top, len(s.Top))] {
			if text := tokenText(a.Piece); best[text] == 0 { // of equal texts the most likely
				best[text], ids[text] = max(a.Logprob, leastLogprob), a.Token
			}
		}
		best[tokenText(s.Piece)], ids[tokenText(s.Piece)] = logprob, s.Token
		l.TopLogprobs, l.TopIDs = append(l.TopLogprobs, best), append(l.TopIDs, ids)
	}
	if top == 0 {
		l.TopLogprobs, l.TopIDs = nil, nil
	}
	return l
}

// newLogprobs returns the form of no tokens, with room for n.
func newLogprobs(n int) *tokenLogprobs {
	return &tokenLogprobs{Tokens: make([]string, 0, n), TokenLogprobs: make([]*float64, 0, n), TextOffset: make([]int, 0, n), IDs: make([]int, 0, n)}
}

func (l *tokenLogprobs) add(text string, id int, logprob *float64, at int) {
	l.Tokens, l.IDs = append(l.Tokens, text), append(l.IDs, id)
	l.TokenLogprobs, l.TextOffset = append(l.TokenLogprobs, logprob), append(l.TextOffset, at)
}

// join appends other tokens.
func (l *tokenLogprobs) join(o *tokenLogprobs) {
	l.Tokens, l.IDs = append(l.Tokens, o.Tokens...), append(l.IDs, o.IDs...)
	l.TokenLogprobs, l.TextOffset = append(l.TokenLogprobs, o.TokenLogprobs...), append(l.TextOffset, o.TextOffset...)
	l.TopLogprobs, l.TopIDs = append(l.TopLogprobs, o.TopLogprobs...), append(l.TopIDs, o.TopIDs...)
}

// echoed returns the tokens of a prompt, whose first has no probability. Scores are of the others.
func echoed(tk tokenizer.Tokenizer, ids []int, scores []generation.Step, top int, p *places) *tokenLogprobs {
	offsets := offsetsOf(tk, ids)
	first := newLogprobs(len(ids))
	first.add(tokenText(string(tk.Piece(ids[0]))), ids[0], nil, p.at(offsets[0][0]))
	if top > 0 {
		first.TopLogprobs, first.TopIDs = append(first.TopLogprobs, nil), append(first.TopIDs, nil)
	}
	first.join(logprobsOf(scores, offsets[1:], top, 0, p))
	return first
}

// offsetsOf returns where in the text of ids each of them is, in bytes.
func offsetsOf(tk tokenizer.Tokenizer, ids []int) (offsets [][2]int) {
	stream, done := tokenizer.NewStream(tk), 0
	for _, id := range ids {
		begin := done + stream.Held()
		done += len(stream.Push(id))
		offsets = append(offsets, [2]int{begin, done + stream.Held()})
	}
	return offsets
}

// chatTokens returns tokens in the form of /v1/chat/completions.
func chatTokens(steps []generation.Step, top int) *chatLogprobs {
	l := &chatLogprobs{Content: []chatToken{}}
	for _, s := range steps {
		t := chatToken{Token: tokenText(s.Piece), Logprob: max(s.Logprob, leastLogprob), Bytes: bytesOf(s.Piece), Top: []chatCandidate{}, ID: s.Token}
		for _, a := range s.Top[:min(top, len(s.Top))] {
			t.Top = append(t.Top, chatCandidate{Token: tokenText(a.Piece), Logprob: max(a.Logprob, leastLogprob), Bytes: bytesOf(a.Piece), ID: a.Token})
		}
		l.Content = append(l.Content, t)
	}
	return l
}

func bytesOf(piece string) []int {
	b := make([]int, len(piece))
	for i := range len(piece) {
		b[i] = int(piece[i])
	}
	return b
}
