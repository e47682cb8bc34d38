package generation

import (
	"slices"

	"euryale/layers/graph"
	"euryale/models"
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
func (r *reader) known(p Prompt) int {
	if r.prefix == nil || len(p.Tokens) == 0 {
		return 0
	}
	n := shared(r.prefix.tokens, p.Tokens[:len(p.Tokens)-1])
	if r.prefix.exact && n < len(r.prefix.tokens) {
		return 0
	}
	return n
}

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
	to.mem.Reset(i)
	to.text[i] = to.text[i][:0]
	n := r.known(p)
	if n == 0 {
		return p.Tokens, nil
	}
	if err := to.mem.Copy(i, r.prefix.mem, 0); err != nil {
		return nil, err
	}
	to.text[i] = append(to.text[i], p.Tokens[:n]...)
	return p.Tokens[n:], to.mem.Truncate(i, n)
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
	return r.keep()
}

// keep makes what the only sequence holds the prefix.
func (r *reader) keep() error {
	mem, err := models.NewMemory(r.model, r.weights, 1, min(len(r.text[0]), r.capacity), r.source)
	if err != nil {
		return err
	}
	if err := mem.Copy(0, r.mem, 0); err != nil {
		return err
	}
	r.prefix = &prefix{tokens: slices.Clone(r.text[0]), mem: mem, exact: mem.Recurrent()}
	return nil
}
