package generation

import "slices"

// NoRepeat cuts the tokens that would make a sequence of N tokens occur twice, the prompt included (Paulus,
// Xiong and Socher 2018, https://arxiv.org/abs/1705.04304, §2.5).
type NoRepeat struct{ N int }

// Name returns the name of the option.
func (NoRepeat) Name() string { return "no-repeat" }

// Process cuts tokens.
func (r NoRepeat) Process(c *Candidates) {
	n, seen := r.N, c.Tokens
	if n <= 0 || len(seen) < n {
		return
	}
	tail := seen[len(seen)-n+1:]
	for i := 0; i+n <= len(seen); i++ {
		if slices.Equal(seen[i:i+n-1], tail) {
			c.Cut(seen[i+n-1])
		}
	}
}

// BadWords cuts the last token of a word, given as tokens, where those before it have just been chosen. It
// is Hugging Face's bad_words_ids; a word that is split otherwise passes.
type BadWords struct{ Words [][]int }

// Name returns the name of the option.
func (BadWords) Name() string { return "bad-words" }

// Process cuts tokens.
func (b BadWords) Process(c *Candidates) {
	for _, word := range b.Words {
		n := len(word) - 1
		if n >= 0 && len(c.Tokens) >= n && slices.Equal(c.Tokens[len(c.Tokens)-n:], word[:n]) {
			c.Cut(word[n])
		}
	}
}

// MinTokens cuts the tokens that end a text until the continuation has N tokens.
type MinTokens struct{ N int }

// Name returns the name of the option.
func (MinTokens) Name() string { return "min-tokens" }

// Process cuts tokens.
func (m MinTokens) Process(c *Candidates) {
	if len(c.Generated()) < m.N {
		for _, id := range c.End {
			c.Cut(id)
		}
	}
}

// Suppress cuts tokens: All at each step, and First at the first step of a continuation.
type Suppress struct{ All, First []int }

// Name returns the name of the option.
func (Suppress) Name() string { return "suppress" }

// Process cuts tokens.
func (s Suppress) Process(c *Candidates) {
	for _, id := range s.All {
		c.Cut(id)
	}
	if len(c.Generated()) == 0 {
		for _, id := range s.First {
			c.Cut(id)
		}
	}
}

// Force leaves one token to choose at certain places of the continuation: IDs[i] as token Places[i], counted
// from 0; −1 is the last that Settings.Tokens allows. It is Hugging Face's forced_decoder_ids and
// forced_eos_token_id.
type Force struct{ Places, IDs []int }

// Name returns the name of the option.
func (Force) Name() string { return "force" }

// Process cuts all other tokens.
func (f Force) Process(c *Candidates) {
	n := len(c.Generated())
	for i, place := range f.Places {
		if place == n || place < 0 && c.Left == 1 {
			for id := range c.Logits {
				if id != f.IDs[i] {
					c.Logits[id] = never
				}
			}
		}
	}
}
