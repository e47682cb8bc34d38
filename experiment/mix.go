package experiment

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"

	"euryale/data"
	"euryale/models/ngram"
	"euryale/training"
)

// MixOptions say what is mixed with the runs, and what is predicted.
type MixOptions struct {
	Last      bool      // use the last weights instead of the best
	Part      string    // of the corpus: "valid" (default), "test" or "train"
	Precision string    // of products; empty: as each run was trained
	Cache     int       // n: also mix n-grams of the part's text before each token; 0: none
	Log       io.Writer // of preparing corpora; may be nil
	// Progress, which may be nil, is called with how much is done, and the run that is read.
	Progress func(done, total int, run string)
}

// Mix is how well several models predict a text together.
type Mix struct {
	Part    string   `json:"part"`
	Tokens  int      `json:"tokens"`
	Loss    float64  `json:"loss"` // of the mixture, in nats a token
	Members []Member `json:"members"`
}

// Member is a model of a mixture.
type Member struct {
	Name   string  `json:"name"`
	Loss   float64 `json:"loss"`   // of its own predictions, in nats a token
	Weight float64 `json:"weight"` // its mean share of the mixture

	losses []float64 // of each token
}

// mixRate is how fast the weights of a mixture follow the text: about a hundred tokens.
const mixRate = 0.01

// MixRuns measures the weighted mean of the probabilities that runs give to each token of a part of
// their corpus, and with o.Cache those of an ngram.Cache of the part's text before it. The weights begin equal; after
// each token they move towards the posterior probabilities of the members (online EM, Cappé and Moulines 2009), so
// that every prediction depends only on the text before it. The runs must have the same corpus and the same tokenizer.
func MixRuns(ctx context.Context, dirs []string, o MixOptions) (*Mix, error) {
	if len(dirs) == 0 {
		return nil, errors.New("a mixture needs at least one run")
	}
	if err := checkMembers(dirs, o.Last); err != nil {
		return nil, err
	}
	m := &Mix{Part: cmp.Or(o.Part, "valid")}
	var first *scored
	vocab := 0
	for i, dir := range dirs {
		l, v, err := m.read(ctx, dir, o, i*100, len(dirs)*100)
		switch {
		case err != nil:
			return nil, err
		case i == 0:
			first, vocab = l, v
		case l.text != first.text || l.ids != first.ids || l.rows != first.rows:
			return nil, fmt.Errorf("%s predicts other tokens of the %s part than %s: a mixture needs the same corpus and tokenizer, and of tables the same context", dir, m.Part, dirs[0])
		}
	}
	if o.Cache > 0 {
		if err := m.addCache(first, vocab, o.Cache); err != nil {
			return nil, err
		}
	}
	m.mix()
	return m, nil
}

// checkMembers returns an error if a run cannot be opened or has a vocabulary of another size, before any is read.
func checkMembers(dirs []string, last bool) error {
	vocab := 0
	for i, dir := range dirs {
		s, err := training.Open(dir, last)
		if err != nil {
			return err
		}
		n := s.Config.Model.Common().Vocab
		if i > 0 && n != vocab {
			return fmt.Errorf("%s has a vocabulary of %d and %s one of %d: a mixture needs the same corpus and tokenizer", dir, n, dirs[0], vocab)
		}
		vocab = n
	}
	return nil
}

// read adds a run to the members, and returns its losses and the size of its vocabulary.
func (m *Mix) read(ctx context.Context, dir string, o MixOptions, done, total int) (*scored, int, error) {
	s, err := open(dir, o.Last, o.Precision)
	if err != nil {
		return nil, 0, err
	}
	corpus, err := s.OpenCorpus(data.Options{Log: o.Log})
	if err != nil {
		return nil, 0, err
	}
	defer corpus.Close()
	l, err := losses(ctx, s, corpus, m.Part, func(n, of int) {
		if o.Progress != nil {
			o.Progress(done+100*n/max(1, of), total, dir)
		}
	})
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", dir, err)
	}
	member := Member{Name: dir}
	for _, t := range l.targets {
		member.losses = append(member.losses, t.loss)
	}
	m.Members = append(m.Members, member)
	return l, s.Config.Model.Common().Vocab, nil
}

// addCache adds n-grams of the text before each token to the members.
func (m *Mix) addCache(text *scored, vocab, order int) error {
	if text.rows || text.masked {
		return errors.New("a cache reads running text from left to right: the corpus is a table, or its tokens are masked")
	}
	c, err := ngram.NewCache(vocab, order)
	if err != nil {
		return err
	}
	member := Member{Name: fmt.Sprintf("%d-grams of the text before", order)}
	for _, t := range text.targets {
		member.losses = append(member.losses, -math.Log(c.Prob(t.id)))
		c.Read(t.id)
	}
	m.Members = append(m.Members, member)
	return nil
}

// mix computes the losses and the mean weights.
func (m *Mix) mix() {
	m.Tokens = len(m.Members[0].losses)
	weights, posteriors := make([]float64, len(m.Members)), make([]float64, len(m.Members))
	for i := range weights {
		weights[i] = 1 / float64(len(weights))
	}
	n := float64(m.Tokens)
	for t := range m.Tokens {
		least := math.Inf(1)
		for _, member := range m.Members {
			least = min(least, member.losses[t])
		}
		p := 0.0 // relative to the likeliest, so that it is not 0
		for i, w := range weights {
			posteriors[i] = w * math.Exp(least-m.Members[i].losses[t])
			p += posteriors[i]
		}
		m.Loss += (least - math.Log(p)) / n
		for i, w := range weights {
			m.Members[i].Loss += m.Members[i].losses[t] / n
			m.Members[i].Weight += w / n
			weights[i] += mixRate * (posteriors[i]/p - w)
		}
	}
}

// String returns a table of the members and the mixture.
func (m *Mix) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%s part, %d tokens\tnats a token\tmean weight\n", m.Part, m.Tokens)
	for _, member := range m.Members {
		fmt.Fprintf(w, "%s\t%.4f\t%.3f\n", member.Name, member.Loss, member.Weight)
	}
	fmt.Fprintf(w, "mixture\t%.4f\t\n", m.Loss)
	w.Flush() // into memory
	return b.String()
}
