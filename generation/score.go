package generation

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"

	"euryale/data/tokenizer"
)

// Score is the likelihood of a text under a model.
type Score struct {
	Tokens      int     `json:"tokens"` // that were predicted: all but the first
	Chars       int     `json:"chars"`
	Bytes       int     `json:"bytes"`
	NLLPerToken float64 `json:"nll_per_token"` // nats
	Perplexity  float64 `json:"perplexity"`
	BitsPerByte float64 `json:"bits_per_byte"`
	BitsPerChar float64 `json:"bits_per_char"`
	Partial     bool    `json:"partial,omitempty"` // of the beginning of the text only: it was interrupted

	// Words are the words that were predicted: those of tokenizer.CountWords without the first, unless a
	// token before the text predicts it; at least one.
	Words          int     `json:"words"`
	WordPerplexity float64 `json:"word_perplexity"` // exp(nats per word); in JSON null if that is infinite
	Unknown        int     `json:"-"`               // words that the vocabulary lacks, scored as <unk>
}

// MarshalJSON returns an object in which an infinite perplexity of words is null: a text of a script
// without spaces can be one long word.
func (s Score) MarshalJSON() ([]byte, error) {
	type plain Score // without this method
	all := struct {
		plain
		WordPerplexity *float64 `json:"word_perplexity"`
	}{plain: plain(s)}
	if !math.IsInf(s.WordPerplexity, 0) {
		all.WordPerplexity = &s.WordPerplexity
	}
	return json.Marshal(all)
}

// Score returns the likelihood of a text, each token predicted from those before it. A
// model with a limited context reads a window of that length, which moves by stride tokens
// (0: half the context): each token is predicted once, from at least context−stride tokens
// before it once there are so many. A recurrent model carries its state through the whole
// text. A model that reads a source, or whose tokens attend to later ones, is refused.
//
// When ctx ends, its error is returned with the score of the text read so far, whose Tokens
// is 0 if there is none. Progress, which may be nil, is called with numbers of tokens.
func (g *Generator) Score(ctx context.Context, text string, stride int, progress func(done, total int)) (Score, error) {
	if err := CheckScores(g.Model); err != nil {
		return Score{}, err
	}
	ids, err := g.Tokenizer.Encode(text)
	if err != nil {
		return Score{}, err
	}
	if len(ids) < 2 {
		return Score{}, fmt.Errorf("the text has %d tokens: to predict one takes two", len(ids))
	}
	defer g.hold()()
	read := 0 // tokens predicted so far
	nll, err := g.nll(ctx, ids, stride, func(done, total int) {
		if read = done; progress != nil {
			progress(done, total)
		}
	})
	if err == nil {
		return g.scoreOf(nll, ids, text), nil
	}
	if ctx.Err() == nil || read == 0 {
		return Score{}, err
	}
	begin, decodeErr := g.Tokenizer.Decode(ids[:read+1])
	if decodeErr != nil {
		return Score{}, err
	}
	s := g.scoreOf(nll, ids[:read+1], begin)
	s.Partial = true
	return s, err
}

// scoreOf returns the score of a text with these ids, whose losses sum up to nll nats.
func (g *Generator) scoreOf(nll float64, ids []int, text string) Score {
	n := float64(len(ids) - 1)
	s := Score{Tokens: len(ids) - 1, Chars: utf8.RuneCountInString(text), Bytes: len(text), NLLPerToken: nll / n, Perplexity: math.Exp(nll / n)}
	s.BitsPerByte = nll / math.Ln2 / float64(s.Bytes)
	s.BitsPerChar = nll / math.Ln2 / float64(s.Chars)
	s.Words = tokenizer.CountWords(text)
	if _, begins := g.Tokenizer.Begin(); !begins {
		s.Words = max(1, s.Words-1)
	}
	s.WordPerplexity = math.Exp(nll / float64(s.Words))
	s.Unknown, _ = tokenizer.UnknownWords(g.Tokenizer, ids)
	return s
}

// nll returns the sum of the losses of a text's tokens but the first, in nats, or when ctx ends
// of as many as progress was last called with. Its steppers are not kept: their programs have
// the size of a whole context.
func (g *Generator) nll(ctx context.Context, ids []int, stride int, progress func(done, total int)) (float64, error) {
	one, err := NewStepper(g.Model, g.Weights, 1)
	if err != nil {
		return 0, err
	}
	if one.Room() == 0 {
		return carried(ctx, one, ids, progress)
	}
	context := one.Room()
	if stride == 0 {
		stride = max(1, context/2)
	}
	if stride < 1 || stride > context {
		return 0, fmt.Errorf("stride is %d, want from 1 to the context of %d tokens", stride, context)
	}
	starts := []int{0}
	for starts[len(starts)-1]+context < len(ids)-1 {
		starts = append(starts, starts[len(starts)-1]+stride)
	}
	sequences := min(16, len(starts))
	many := one
	if sequences > 1 {
		if many, err = NewStepper(g.Model, g.Weights, sequences); err != nil {
			return 0, err
		}
	}
	return windows(ctx, many, ids, starts, sequences, progress)
}

// carried adds up the losses of a text that one sequence reads in pieces.
func carried(ctx context.Context, s Stepper, ids []int, progress func(done, total int)) (nll float64, err error) {
	const t = 256
	for at := 0; at < len(ids)-1; at += t {
		if err := ctx.Err(); err != nil {
			return nll, err
		}
		l, err := s.NLL(window(ids, at, at, t))
		if err != nil {
			return 0, err
		}
		nll += l
		progress(min(at+t, len(ids)-1), len(ids)-1)
	}
	return nll, nil
}

// windows adds up the losses of a text in windows that begin at starts, so many side by
// side.
func windows(ctx context.Context, s Stepper, ids, starts []int, sequences int, progress func(done, total int)) (nll float64, err error) {
	context := s.Room()
	for i := 0; i < len(starts); i += sequences {
		if err := ctx.Err(); err != nil {
			return nll, err
		}
		var tokens, targets []int
		for j := i; j < i+sequences; j++ {
			x, y := padding(context), padding(context)
			if j < len(starts) {
				fresh := 0 // the first position whose target no earlier window predicted
				if j > 0 {
					fresh = starts[j-1] + context
				}
				x, y = window(ids, starts[j], fresh, context)
			}
			tokens, targets = append(tokens, x...), append(targets, y...)
		}
		l, err := s.NLL(tokens, targets)
		if err != nil {
			return 0, err
		}
		nll += l
		last := starts[min(i+sequences, len(starts))-1]
		progress(min(last+context, len(ids)-1), len(ids)-1)
	}
	return nll, nil
}

// window returns t tokens of a text from position at on, and the targets of those from
// position fresh on.
func window(ids []int, at, fresh, t int) (tokens, targets []int) {
	tokens, targets = padding(t), padding(t)
	for i := 0; i < t && at+i < len(ids)-1; i++ {
		tokens[i] = ids[at+i]
		if at+i >= fresh {
			targets[i] = ids[at+i+1]
		}
	}
	return tokens, targets
}

// padding returns n times −1.
func padding(n int) []int { return slices.Repeat([]int{-1}, n) }
