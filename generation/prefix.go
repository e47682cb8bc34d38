package generation

import (
	"euryale/layers/graph"
)

// prefix is the state of a sequence after the tokens that prompts begin with.
type prefix struct {
	tokens []int
	mem    *graph.Memory // of one sequence
	exact  bool          // the model is recurrent: only a prompt that has all the tokens can use it
}

// leastShared is the smallest number of shared tokens for which a state is kept.
const leastShared = 16

// known returns how many tokens of a prompt the prefix has: at most all but the last, whose
// logits are needed.
func (p *prefix) known(tokens []int) int {
	if p == nil || len(tokens) == 0 {
		return 0
	}
	n := shared(p.tokens, tokens[:len(tokens)-1])
	if p.exact && n < len(p.tokens) {
		return 0
	}
	return n
}

// known returns how many tokens of a prompt the prefix of the reader has.
func (r *reader) known(p Prompt) int { return r.prefix.known(p.Tokens) }

// shared returns how many tokens a and b begin with that are the same.
func shared(a, b []int) (n int) {
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// enter empties sequence i of a reader and copies what the prefix knows of a prompt into it. It
// returns the tokens that are left to read.
func (r *reader) enter(to *reader, i int, p Prompt) (rest []int, err error) {
	return to.enterAfter(r.prefix, r.known(p), i, p.Tokens)
}

// enterAfter makes sequence i hold the first n tokens of a prompt, which a prefix has, and returns the
// others.
func (r *reader) enterAfter(from *prefix, n, i int, tokens []int) (rest []int, err error) {
	r.mem.Reset(i)
	r.text[i] = r.text[i][:0]
	if n == 0 {
		return tokens, nil
	}
	if err := r.mem.Copy(i, from.mem, 0); err != nil {
		return nil, err
	}
	r.text[i] = append(r.text[i], tokens[:n]...)
	return tokens[n:], r.mem.Truncate(i, n)
}

// share keeps the state after the tokens that all prompts begin with, if that saves reading.
func (r *reader) share(prompts []Prompt, distinct []int) error {
	if len(distinct) < 2 || r.source > 0 {
		return nil
	}
	tokens := prompts[distinct[0]].Tokens
	least := len(tokens)
	for _, j := range distinct {
		tokens = tokens[:shared(tokens, prompts[j].Tokens)]
		least = min(least, r.known(prompts[j]))
	}
	if len(tokens)-least < leastShared {
		return nil
	}
	if _, err := r.begin(Prompt{Tokens: tokens}); err != nil {
		return err
	}
	r.keep()
	return nil
}

// keep makes what the only sequence holds the prefix.
func (r *reader) keep() { r.prefix = r.stateOf(0) }
