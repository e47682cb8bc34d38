package generation

import (
	"context"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"

	"euryale/layers/graph"
	"euryale/models"
)

// Score is how likely a text is under a model.
type Score struct {
	Tokens      int     `json:"tokens"` // that were predicted: all but the first
	Chars       int     `json:"chars"`
	Bytes       int     `json:"bytes"`
	NLLPerToken float64 `json:"nll_per_token"` // nats
	Perplexity  float64 `json:"perplexity"`
	BitsPerByte float64 `json:"bits_per_byte"`
	BitsPerChar float64 `json:"bits_per_char"`
}

// Score says how likely the text is, each token predicted from those before it. A model
// whose lanes have a limit sees a window of its context, which moves by stride tokens (0:
// half the context): each token is predicted once, from at least context−stride tokens
// before it once there are so many. A recurrent model carries its state through the whole
// text. A model that reads a source, or that sees the next token, is refused.
func (g *Generator) Score(ctx context.Context, text string, stride int, progress func(done, total int)) (Score, error) {
	switch {
	case models.SourceOf(g.Model) > 0:
		return Score{}, errors.New("the model answers a source, and a text alone has none: scores are for language models; train -eval measures this one")
	case models.IsBidirectional(g.Model):
		return Score{}, errors.New("the model sees the token that it would have to predict: scores are for language models; train -eval measures this one")
	}
	ids, err := g.Tokenizer.Encode(text)
	if err != nil {
		return Score{}, err
	}
	if len(ids) < 2 {
		return Score{}, fmt.Errorf("the text has %d tokens: to predict one takes two", len(ids))
	}
	defer g.hold()()
	nll, err := g.nll(ctx, ids, stride, progress)
	if err != nil {
		return Score{}, err
	}
	n := float64(len(ids) - 1)
	out := Score{Tokens: len(ids) - 1, Chars: utf8.RuneCountInString(text), Bytes: len(text), NLLPerToken: nll / n, Perplexity: math.Exp(nll / n)}
	out.BitsPerByte = nll / math.Ln2 / float64(out.Bytes)
	out.BitsPerChar = nll / math.Ln2 / float64(out.Chars)
	return out, nil
}

// nll is the sum of the losses of a text's tokens but the first, in nats.
func (g *Generator) nll(ctx context.Context, ids []int, stride int, progress func(done, total int)) (float64, error) {
	if g.Counts != nil {
		return g.countedNLL(ids)
	}
	mem, err := models.NewMemory(g.Model, g.Weights, 1, g.Model.Common().Context, models.SourceOf(g.Model))
	if err != nil {
		return 0, err
	}
	if progress == nil {
		progress = func(int, int) {}
	}
	s := scorer{Generator: g, ctx: ctx, ids: ids, progress: progress}
	if mem.Capacity() == 0 {
		return s.carried()
	}
	return s.windows(stride)
}

// scorer adds up the losses of a text.
type scorer struct {
	*Generator
	ctx      context.Context
	ids      []int
	progress func(done, total int)
}

// sum runs p on lanes of t tokens and adds up their losses.
func (s *scorer) sum(p *models.Program, f graph.Feed) (nll float64, err error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	if err := p.Run(f); err != nil {
		return 0, err
	}
	for _, l := range p.Value("losses") {
		nll += float64(l)
	}
	return nll, nil
}

// carried reads the text in pieces, state and all.
func (s *scorer) carried() (nll float64, err error) {
	const t = 256
	f := graph.Frame{B: 1, T: t, Memory: graph.NewMemory(1, 0), Whole: true}
	p, err := models.Score(s.Model, s.Weights, f)
	if err != nil {
		return 0, err
	}
	for at := 0; at < len(s.ids)-1; at += t {
		feed := window(s.ids, at, at, t)
		l, err := s.sum(p, feed)
		if err != nil {
			return 0, err
		}
		nll += l
		s.progress(min(at+t, len(s.ids)-1), len(s.ids)-1)
	}
	return nll, nil
}

// windows reads the text in windows, some side by side.
func (s *scorer) windows(stride int) (nll float64, err error) {
	context := s.Model.Common().Context
	if stride == 0 {
		stride = max(1, context/2)
	}
	if stride < 1 || stride > context {
		return 0, fmt.Errorf("stride is %d, want from 1 to the context of %d tokens", stride, context)
	}
	starts := []int{0}
	for starts[len(starts)-1]+context < len(s.ids)-1 {
		starts = append(starts, starts[len(starts)-1]+stride)
	}
	lanes := min(16, len(starts))
	p, err := models.Score(s.Model, s.Weights, graph.Frame{B: lanes, T: context, S: models.SourceOf(s.Model)})
	if err != nil {
		return 0, err
	}
	for i := 0; i < len(starts); i += lanes {
		var all graph.Feed
		for j := i; j < i+lanes; j++ {
			f := graph.Feed{Tokens: padding(context), Targets: padding(context)}
			if j < len(starts) {
				fresh := 0 // the first position whose target no earlier window predicted
				if j > 0 {
					fresh = starts[j-1] + context
				}
				f = window(s.ids, starts[j], fresh, context)
			}
			all.Tokens, all.Targets = append(all.Tokens, f.Tokens...), append(all.Targets, f.Targets...)
		}
		l, err := s.sum(p, all)
		if err != nil {
			return 0, err
		}
		nll += l
		s.progress(min(i+lanes, len(starts)), len(starts))
	}
	return nll, nil
}

// window is t tokens from at, whose targets from position fresh of the text are asked for.
func window(ids []int, at, fresh, t int) graph.Feed {
	f := graph.Feed{Tokens: padding(t), Targets: padding(t)}
	for i := 0; i < t && at+i < len(ids)-1; i++ {
		f.Tokens[i] = ids[at+i]
		if at+i >= fresh {
			f.Targets[i] = ids[at+i+1]
		}
	}
	return f
}

func padding(n int) []int {
	p := make([]int, n)
	for i := range p {
		p[i] = -1
	}
	return p
}
