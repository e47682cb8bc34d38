package generation

import (
	"errors"
	"fmt"
	"slices"

	"euryale/models"
)

// Speculation guesses the next tokens cheaply and has the model check all guesses in one pass (Leviathan,
// Kalman and Matias 2023, https://arxiv.org/abs/2211.17192). A guess is kept with such a probability that
// samples have the distribution that they have without speculation; greedy decoding chooses the same
// tokens. The random numbers are used otherwise, so a seed gives other samples than without.
type Speculation struct {
	// Draft is a smaller model with the same vocabulary, whose own choices are the guesses. If it is nil
	// they are the tokens that followed the last occurrence of the latest tokens (prompt lookup; Saxena
	// 2023, https://github.com/apoorvumang/prompt-lookup-decoding).
	Draft  *Generator
	Tokens int // most tokens that are guessed for a pass; 0: 4

	checked bool // CheckSpeculation found nothing
}

// Speculated says how a text was guessed.
type Speculated struct {
	Passes   int `json:"passes"`   // of the model after the prompt
	Guessed  int `json:"guessed"`  // tokens
	Accepted int `json:"accepted"` // of them, those that are part of the text
}

const defaultGuesses = 4

// speculator guesses the tokens of the sequences of a batch.
type speculator struct {
	target Stepper
	draft  Stepper // nil: prompt lookup
	most   int     // tokens of a guess
	rows   []guess
	ids    []int // (B·(most+1)) for the target
	steps  []int // (B) for the draft, or for sequences of the target that are full
}

// guess is what is guessed of one sequence, and what the draft must be told of it.
type guess struct {
	tokens []int
	dists  [][]float32 // (V) that each was sampled from; empty: the guesses are certain, or decoding is greedy
	most   int         // tokens that can be guessed now
	read   int         // tokens of the guess that the draft has read
	unread []int       // tokens of the text that the draft has not read
	seen   []int
	draft  sampler // chooses the draft's tokens
}

// speculator returns what guesses the tokens of a stepper's sequences, or nil without Speculation.
func (g *Generator) speculator(target Stepper, sequences int) (*speculator, error) {
	if g.Speculation == nil {
		return nil, nil
	}
	s := &speculator{target: target, most: g.Speculation.Tokens, rows: make([]guess, sequences), steps: make([]int, sequences)}
	if s.most == 0 {
		s.most = defaultGuesses
	}
	if err := g.checkSpeculation(); err != nil {
		return nil, err
	}
	if d := g.Speculation.Draft; d != nil {
		var err error
		if s.draft, err = d.stepper(sequences); err != nil {
			return nil, err
		}
		if room := s.draft.Room(); room > 0 {
			s.most = min(s.most, room/4)
		}
	}
	return s, nil
}

// checkSpeculation is CheckSpeculation of the generator's own models, once.
func (g *Generator) checkSpeculation() error {
	if g.Speculation.checked {
		return nil
	}
	var draft models.Model
	if d := g.Speculation.Draft; d != nil {
		draft = d.Model
	}
	err := CheckSpeculation(g.Model, draft)
	for _, other := range g.Ensemble {
		err = errors.Join(err, CheckSpeculation(other.Model, nil))
	}
	g.Speculation.checked = err == nil
	return err
}

// CheckSpeculation returns an error if the tokens of a model cannot be guessed by a draft, which is nil
// for prompt lookup. It reads no weights.
func CheckSpeculation(m, draft models.Model) error {
	if !models.Rewinds(m) {
		return fmt.Errorf("the model is recurrent: its state cannot go back to before a guess that was wrong, so that tokens cannot be guessed")
	}
	switch {
	case draft == nil:
		return nil
	case !models.Rewinds(draft):
		return fmt.Errorf("the draft is recurrent: its state cannot go back to before a guess that was wrong: choose another draft")
	case m.Common().Vocab != draft.Common().Vocab:
		return fmt.Errorf("the draft has a vocabulary of %d tokens, and the model one of %d: choose a draft with the same tokenizer", draft.Common().Vocab, m.Common().Vocab)
	case models.SourceOf(m) != models.SourceOf(draft):
		return fmt.Errorf("the draft reads sources of %d tokens, and the model of %d: choose a draft of the same task and size", models.SourceOf(draft), models.SourceOf(m))
	}
	return nil
}

// begin has the draft read the prompts of sequences.
func (s *speculator) begin(seqs []int, prompts []Prompt) error {
	if s.draft == nil {
		return nil
	}
	if _, err := s.draft.BeginAll(seqs, prompts); err != nil {
		return fmt.Errorf("draft: %w", err)
	}
	return nil
}

// accepted tells the draft how many tokens of a guess were right, and which token follows them.
func (s *speculator) accepted(i, n, next int) error {
	g := &s.rows[i]
	if s.draft == nil {
		return nil
	}
	g.unread = g.unread[:0]
	if g.read > n {
		if err := s.draft.Truncate(i, s.draft.Len(i)-(g.read-n)); err != nil {
			return fmt.Errorf("draft: %w", err)
		}
	} else {
		g.unread = append(g.unread, g.tokens[g.read:n]...)
	}
	g.unread = append(g.unread, next)
	return nil
}

// guess guesses the next tokens of continuations.
func (s *speculator) guess(rows []*continuation) error {
	for i, c := range rows {
		g := &s.rows[i]
		g.tokens, g.dists, g.most, g.read = g.tokens[:0], g.dists[:0], 0, 0
		if c == nil {
			continue
		}
		g.most = min(s.most, c.settings.Tokens-c.count-1)
		if room := s.target.Room(); room > 0 {
			g.most = max(0, min(g.most, room-s.target.Len(i)-1))
		}
		if s.draft == nil {
			g.tokens = lookup(g.tokens, c.seen, g.most)
		}
	}
	if s.draft == nil {
		return nil
	}
	if err := s.draw(rows); err != nil {
		return fmt.Errorf("draft: %w", err)
	}
	return nil
}

// draw guesses by the draft, a token of each continuation at a time.
func (s *speculator) draw(rows []*continuation) error {
	at, err := s.catchUp(rows)
	if err != nil {
		return err
	}
	for i, c := range rows {
		if c != nil {
			g := &s.rows[i]
			g.seen = append(g.seen[:0], c.seen...)
			g.draft.Settings, g.draft.rng, g.draft.chain = c.sampler.Settings, c.sampler.rng, c.sampler.chain.clone()
			g.draft.Observe, g.draft.TopLogprobs, g.draft.c.Prompt, g.draft.c.End = nil, 0, c.sampler.c.Prompt, c.sampler.c.End
		}
	}
	for n := 1; ; n++ {
		busy := false
		for i, c := range rows {
			s.steps[i] = -1
			g := &s.rows[i]
			if c == nil || n > g.most {
				continue
			}
			if !g.extend(at(i)) {
				g.most = len(g.tokens)
			}
			if n < g.most {
				s.steps[i], g.read, busy = g.tokens[n-1], n, true
			}
		}
		if !busy {
			return nil
		}
		logits, err := s.draft.Step(s.steps)
		if err != nil {
			return err
		}
		at = rowsOf(logits, len(rows), 1, nil)
	}
}

// extend guesses one more token from the draft's logits, and reports whether another can follow it.
func (g *guess) extend(logits []float32) bool {
	id, _, err := g.draft.next(logits, g.seen)
	if err != nil {
		return false // the processors leave nothing to guess
	}
	if g.draft.samples() {
		g.dists = slices.Grow(g.dists, 1)[:len(g.dists)+1]
		last := &g.dists[len(g.dists)-1]
		*last = append((*last)[:0], g.draft.c.Probabilities()...)
	}
	g.tokens, g.seen = append(g.tokens, id), append(g.seen, id)
	return !slices.Contains(g.draft.c.End, id) && !g.draft.chain.accept(id)
}

// catchUp has the draft read what it has not read of the texts: one or two tokens of each. It returns the
// logits of what follows.
func (s *speculator) catchUp(rows []*continuation) (at func(i int) []float32, err error) {
	two, fits := false, true
	for i, c := range rows {
		if s.steps[i] = -1; c == nil {
			continue
		}
		if n := len(s.rows[i].unread); n == 2 {
			two, s.steps[i] = true, s.rows[i].unread[0]
		}
		fits = fits && (s.draft.Room() == 0 || s.draft.Len(i)+2 <= s.draft.Room())
	}
	if two && fits {
		ids, last := padding(2*len(rows)), make([]int, len(rows))
		for i, c := range rows {
			if c != nil {
				last[i] = copy(ids[2*i:], s.rows[i].unread) - 1
			}
		}
		logits, err := s.draft.Read(ids)
		return rowsOf(logits, len(rows), 2, last), err
	}
	if two {
		if _, err := s.draft.Step(s.steps); err != nil {
			return nil, err
		}
	}
	for i, c := range rows {
		if s.steps[i] = -1; c != nil {
			s.steps[i] = s.rows[i].unread[len(s.rows[i].unread)-1]
		}
	}
	logits, err := s.draft.Step(s.steps)
	return rowsOf(logits, len(rows), 1, nil), err
}

// rowsOf returns a function that returns the logits of each sequence (B·T, V) at token last, which is 0
// if it is nil.
func rowsOf(logits []float32, sequences, t int, last []int) func(i int) []float32 {
	v := len(logits) / (sequences * t)
	return func(i int) []float32 {
		at := i * t
		if last != nil {
			at += last[i]
		}
		return logits[at*v : (at+1)*v]
	}
}

// read has the model read the last token of each continuation and the guesses that follow it. It returns
// the logits after token j of those of sequence i.
func (s *speculator) read(rows []*continuation, ids []int) (at func(i, j int) []float32, err error) {
	guessed := slices.ContainsFunc(s.rows, func(g guess) bool { return len(g.tokens) > 0 })
	if !guessed {
		logits, err := s.target.Step(ids)
		v := len(logits) / len(rows)
		return func(i, _ int) []float32 { return logits[i*v : (i+1)*v] }, err
	}
	t := s.most + 1
	s.ids = slices.Grow(s.ids[:0], len(rows)*t)[:len(rows)*t]
	anyFull := false
	for i, c := range rows {
		line := s.ids[i*t : (i+1)*t]
		for j := range line {
			line[j] = -1
		}
		s.steps[i] = -1
		switch {
		case c == nil:
		case s.target.Room() > 0 && s.target.Len(i) == s.target.Room():
			s.steps[i], anyFull = ids[i], true
		default:
			line[0] = ids[i]
			copy(line[1:], s.rows[i].tokens)
		}
	}
	var slid []float32
	if anyFull { // these drop their older halves, and have no guesses
		logits, err := s.target.Step(s.steps)
		if err != nil {
			return nil, err
		}
		slid = slices.Clone(logits)
	}
	logits, err := s.target.Read(s.ids)
	v := len(logits) / len(s.ids)
	return func(i, j int) []float32 {
		if s.steps[i] >= 0 {
			return slid[i*v : (i+1)*v]
		}
		return logits[(i*t+j)*v : (i*t+j+1)*v]
	}, err
}
