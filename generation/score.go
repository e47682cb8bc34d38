package generation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"

	"euryale/data/tokenizer"
	"euryale/internal/ranks"
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
	nll, read, err := g.nll(ctx, ids, stride, progress)
	if err == nil {
		return g.scoreOf(nll, ids, text), nil
	}
	if !isEnd(err) || read == 0 {
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

// isEnd reports whether err says that a context ended, on this rank or another.
func isEnd(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
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

// nll returns the sum of the losses of the first read tokens of a text after its first one, in nats:
// of all of them, unless ctx ends. Its steppers are not kept: their programs have the size of a whole
// context.
func (g *Generator) nll(ctx context.Context, ids []int, stride int, progress func(done, total int)) (sum float64, read int, err error) {
	one, err := NewStepper(g.Model, g.Weights, 1)
	if err != nil {
		return 0, 0, err
	}
	p := &scoring{ids: ids, ranks: g.Ranks, progress: progress}
	if one.Room() == 0 {
		return p.carried(ctx, one)
	}
	context := one.Room()
	if stride == 0 {
		stride = max(1, context/2)
	}
	if stride < 1 || stride > context {
		return 0, 0, fmt.Errorf("stride is %d, want from 1 to the context of %d tokens", stride, context)
	}
	starts := []int{0}
	for starts[len(starts)-1]+context < len(ids)-1 {
		starts = append(starts, starts[len(starts)-1]+stride)
	}
	sequences := min(16, len(starts))
	many := one
	if sequences > 1 {
		if many, err = NewStepper(g.Model, g.Weights, sequences); err != nil {
			return 0, 0, err
		}
	}
	return p.windows(ctx, many, starts, sequences)
}

// scoring scores a text piece by piece.
type scoring struct {
	ids      []int
	ranks    ranks.Group // that share the pieces; nil: this process alone
	progress func(done, total int)
	losses   []float64 // of each piece; NaN: not scored
	ends     []int     // tokens predicted once a piece and all before it are scored
}

// carried adds up the losses of a text that one sequence reads in pieces, on rank 0.
func (p *scoring) carried(ctx context.Context, s Stepper) (sum float64, read int, err error) {
	const t = 256
	for at := 0; at < len(p.ids)-1; at += t {
		p.ends = append(p.ends, min(at+t, len(p.ids)-1))
	}
	return p.score(ctx, 1, func(i int) (float64, error) { return s.NLL(window(p.ids, i*t, i*t, t)) })
}

// windows adds up the losses of a text in windows that begin at starts, so many side by
// side.
func (p *scoring) windows(ctx context.Context, s Stepper, starts []int, sequences int) (sum float64, read int, err error) {
	context := s.Room()
	for i := 0; i < len(starts); i += sequences {
		last := starts[min(i+sequences, len(starts))-1]
		p.ends = append(p.ends, min(last+context, len(p.ids)-1))
	}
	return p.score(ctx, len(p.ends), func(i int) (float64, error) {
		var tokens, targets []int
		for j := i * sequences; j < (i+1)*sequences; j++ {
			x, y := padding(context), padding(context)
			if j < len(starts) {
				fresh := 0 // the first position whose target no earlier window predicted
				if j > 0 {
					fresh = starts[j-1] + context
				}
				x, y = window(p.ids, starts[j], fresh, context)
			}
			tokens, targets = append(tokens, x...), append(targets, y...)
		}
		return s.NLL(tokens, targets)
	})
}

// score calls nll for each piece, on at most so many ranks, and returns the sum of the losses and the
// number of tokens predicted. When ctx ends, or that of another rank, these are of the pieces before the
// first that was not scored.
func (p *scoring) score(ctx context.Context, most int, nll func(i int) (float64, error)) (sum float64, read int, err error) {
	group := p.ranks
	if group == nil {
		group = ranks.Alone{}
	}
	most = min(most, group.Size())
	p.losses = slices.Repeat([]float64{math.NaN()}, len(p.ends))
	err = ranks.Together(ctx, group, func(ctx context.Context) (err error) {
		for i := group.Rank(); i < len(p.ends) && group.Rank() < most; i += most {
			if err := ctx.Err(); err != nil {
				return err
			}
			if p.losses[i], err = nll(i); err != nil {
				return err
			}
			if p.progress != nil {
				p.progress(p.ends[min(i+most, len(p.ends))-1], len(p.ids)-1)
			}
		}
		return nil
	})
	if err != nil && !isEnd(err) {
		return 0, 0, err
	}
	if failed := p.gather(group, most); failed != nil {
		return 0, 0, failed
	}
	for i, l := range p.losses {
		if math.IsNaN(l) && err != nil {
			break
		}
		sum, read = sum+l, p.ends[i]
	}
	return sum, read, err
}

// gather gives all ranks the losses of all pieces.
func (p *scoring) gather(group ranks.Group, most int) error {
	all := make([]float64, group.Size()*len(p.losses))
	copy(all[group.Rank()*len(p.losses):], p.losses)
	if err := ranks.AllGather(group, all, ranks.Ends(len(all), group.Size())); err != nil {
		return err
	}
	for i := range p.losses {
		p.losses[i] = all[i%most*len(p.losses)+i]
	}
	return nil
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
