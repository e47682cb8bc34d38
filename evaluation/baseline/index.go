package baseline

import (
	"cmp"
	"math"
	"slices"

	"euryale/data/task"
	"euryale/evaluation/metrics"
)

// index finds the most similar source: cosine of TF-IDF vectors, by an inverted index (Salton and
// Buckley 1988, https://doi.org/10.1016/0306-4573(88)90021-0). Terms are words and pairs of neighbouring words, so that
// Chinese, whose words are characters here, has more than characters to go by.
type index struct {
	kind  string
	known []task.Example
	terms map[string]*postings
	all   []*postings // in an order that follows from the examples alone
	score []float64   // of each example, by the terms of a query
}

// postings are the examples that have a term, with its weight in each.
type postings struct {
	idf      float64
	examples []int32
	weights  []float32
}

// rememberedTurns is the number of turns of a dialogue that count, each half as much as the one after it.
const rememberedTurns = 4

func newIndex(kind string, known []task.Example) *index {
	x := &index{kind: kind, known: known, terms: map[string]*postings{}, score: make([]float64, len(known))}
	for i, ex := range known {
		for _, t := range x.frequencies(ex.Source) {
			p := x.terms[t.text]
			if p == nil {
				p = &postings{}
				x.terms[t.text], x.all = p, append(x.all, p)
			}
			p.examples, p.weights = append(p.examples, int32(i)), append(p.weights, float32(t.tf))
		}
	}
	squares := make([]float64, len(known))
	for _, p := range x.all {
		p.idf = math.Log(float64(1+len(known))/float64(1+len(p.examples))) + 1
		for k, i := range p.examples {
			w := float64(p.weights[k]) * p.idf
			p.weights[k] = float32(w)
			squares[i] += w * w
		}
	}
	for _, p := range x.all {
		for k, i := range p.examples {
			p.weights[k] /= float32(math.Sqrt(squares[i]))
		}
	}
	return x
}

// term is a term of a text, and how often it occurs: 1 + log of the number.
type term struct {
	text string
	tf   float64
}

// frequencies returns the terms of a source, sorted.
func (x *index) frequencies(source string) (all []term) {
	counts := map[string]float64{}
	add := func(text string, weight float64) {
		words := metrics.Words(text)
		for i, w := range words {
			counts[w] += weight
			if i > 0 {
				counts[words[i-1]+" "+w] += weight
			}
		}
	}
	if x.kind == "dialogue" {
		turns := turnsOf(source)
		for age := range min(rememberedTurns, len(turns)) {
			add(turns[len(turns)-1-age], math.Pow(0.5, float64(age)))
		}
	} else {
		add(source, 1)
	}
	for text, n := range counts {
		if n > 1 {
			n = 1 + math.Log(n)
		}
		all = append(all, term{text, n})
	}
	slices.SortFunc(all, func(a, b term) int { return cmp.Compare(a.text, b.text) })
	return all
}

// answer returns the answer to the most similar known source, the first of equally similar ones. The vector of
// the query has no length here: it would divide all similarities alike.
func (x *index) answer(ex task.Example) string {
	clear(x.score)
	for _, t := range x.frequencies(ex.Source) {
		p := x.terms[t.text]
		if p == nil {
			continue
		}
		w := t.tf * p.idf
		for k, i := range p.examples {
			x.score[i] += w * float64(p.weights[k])
		}
	}
	best := 0
	for i, s := range x.score {
		if s > x.score[best] {
			best = i
		}
	}
	return x.known[best].Reference
}
