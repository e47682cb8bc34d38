package modeltest_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"

	"euryale/layers"
	"euryale/layers/graph"
	"euryale/models"
	"euryale/models/modeltest"
)

const dim = 6

// define is a model of an embedding, what middle adds to it, and a head.
func define(middle func(s *layers.Scope, x *G.Node) *G.Node) *models.Defined {
	m := models.Define(13, func(s *layers.Scope, tokens *G.Node, vocab int) *G.Node {
		x := layers.Embedding(s.Sub("tok"), tokens, vocab, dim)
		x = layers.Add(s, x, middle(s.Sub("mid"), x))
		return layers.Head(s.Sub("head"), x, vocab)
	})
	m.Vocab = 11
	return m
}

// attend is attention in parts. Keep says whether keys and values are kept in memory, and
// mask whether later tokens are hidden.
func attend(keep, mask bool) func(s *layers.Scope, x *G.Node) *G.Node {
	return func(s *layers.Scope, x *G.Node) *G.Node {
		q, k, v := layers.Linear(s.Sub("q"), x, dim), layers.Linear(s.Sub("k"), x, dim), layers.Linear(s.Sub("v"), x, dim)
		if keep {
			k, v = s.History("keys", k), s.History("values", v)
		}
		scores := layers.Scores(s, q, k, 2)
		if mask {
			scores = layers.Mask(s, scores, s.CausalLengths(), 2)
		}
		return layers.Mix(s, layers.Softmax(s, scores, 2), v, 2)
	}
}

// meanOfRows gives every row the mean of all rows of the batch.
func meanOfRows(s *layers.Scope, x *G.Node) *G.Node {
	n := s.B * s.T
	return s.Must(G.Mul(s.Const("mean", []int{n, n}, func(int) float64 { return 1 / float64(n) }), x))
}

func wrongDerivative(s *layers.Scope, x *G.Node) *G.Node {
	x = s.Must(G.ApplyOp(wrongSquare{}, layers.Linear(s.Sub("before"), x, dim)))
	return layers.Linear(s.Sub("after"), x, dim)
}

// positionsByRow counts positions from the first row of each run.
func positionsByRow(s *layers.Scope, x *G.Node) *G.Node {
	return s.Const("table", []int{s.B * s.T, dim}, func(i int) float64 { return 0.1 * float64(i/dim%s.T) })
}

// ownMask drops values by a mask that is drawn when the graph is built.
func ownMask(s *layers.Scope, x *G.Node) *G.Node {
	return layers.Mul(s, x, s.Const("mask", []int{s.B * s.T, dim}, func(int) float64 { return float64(rand.IntN(2)) }))
}

func readsTargets(s *layers.Scope, x *G.Node) *G.Node {
	return layers.EmbeddingOf(s, s.Targets(), "tok/W")
}

// moreForOneToken declares a parameter in graphs of single tokens.
func moreForOneToken(s *layers.Scope, x *G.Node) *G.Node {
	if s.T == 1 {
		return layers.Linear(s.Sub("one"), x, dim)
	}
	return x
}

func withoutEffect(s *layers.Scope, x *G.Node) *G.Node {
	return layers.Scale(s, s.Must(G.Mul(x, s.Param("W", layers.Normal(1), dim, dim))), 0)
}

func notUsed(s *layers.Scope, x *G.Node) *G.Node {
	s.Param("W", layers.Normal(1), dim, dim)
	return x
}

// bidirectional is a model that says it is.
type bidirectional struct{ *models.Defined }

func (bidirectional) IsBidirectional() bool { return true }

const (
	unused    = `mid/W: the loss does not depend on them; use them in Logits`
	notFinite = `the logit of id 0 after token 0 of sequence 0 is not finite`
)

// broken are models with one mistake each: the checks that find it, and what they say.
// All other checks pass.
var broken = []struct {
	name   string
	model  models.Model
	errors map[string]string // by check
}{
	{"causal mask forgotten", define(attend(true, false)), map[string]string{
		"causality": `changing token 7 changes the logits of token 0 \(by \S+, of at most \S+\): the model attends to later tokens; mask the scores with layers.Mask\(s, scores, s.CausalLengths\(\), heads\)`,
		"sequences": `sequence 1 of 4 tokens .* padded to 8 .* the logits of token 0 .* padding is not masked`,
		"decoding":  `reading prompts of different lengths: the logits after token 3 of sequence 0 differ`,
	}},
	{"mean over all rows", define(meanOfRows), map[string]string{
		"sequences": `changing the tokens of sequence 0 changes the logits of token 0 \(by .*\) of sequence 1: a layer mixes the rows of different sequences`,
		"causality": `changing token 7 changes the logits of token 0`,
		"decoding":  `reading prompts of different lengths`,
	}},
	{"wrong derivative", define(wrongDerivative), map[string]string{
		"gradients": `(?s)derivatives disagree with finite differences:.*mid/before/W\[\d,\d\]: the graph's is .* differences give .*The gradients of tok/W, mid/before/W, mid/before/b are wrong, those of the other 4 parameters are right.*look between mid/before/b and`,
	}},
	{"keys not kept", define(attend(false, true)), map[string]string{
		"decoding": `reading the second chunk of a prompt: .*: store all state in memory: keys and values with s.History`,
	}},
	{"positions by row", define(positionsByRow), map[string]string{
		"decoding": `reading the second chunk of a prompt: the logits after token \d of sequence \d differ`,
	}},
	{"mask drawn by itself", define(ownMask), map[string]string{
		"dropout":        `without noise, the loss is .* in training and .* in scoring`,
		"sequences":      `moving a sequence from row 0 of the batch to row 2 changes the logits`,
		"decoding":       `reading prompts of different lengths`,
		"shared weights": `a program built before computes other logits than one built after`,
	}},
	{"targets read", define(readsTargets), map[string]string{
		"causality": `changing the targets changes the logits of token 0: .* must not use s.Targets\(\)`,
	}},
	{"parameter of one program", define(moreForOneToken), map[string]string{
		"shared weights": `the decoding program declares parameters that the scoring program does not: mid/one/W, mid/one/b`,
		"decoding":       `decoding one token: `,
	}},
	{"parameter without effect", define(withoutEffect), map[string]string{
		"gradients": `mid/W \[6 6\] never receives a gradient`,
	}},
	{"parameter not used", define(notUsed), map[string]string{
		"gradients":      unused,
		"dropout":        unused,
		"shared weights": unused,
	}},
	{"logarithm of negative values", define(func(s *layers.Scope, x *G.Node) *G.Node { return s.Must(G.Log(x)) }), map[string]string{
		"sequences": notFinite, "causality": notFinite, "shared weights": notFinite, "decoding": notFinite,
		"dropout": `the loss is NaN`, "gradients": `the loss is NaN`,
	}},
	{"bidirectional in name", bidirectional{define(attend(true, true))}, map[string]string{
		"causality": `changing token 7 does not change the logits of token 0`,
		"decoding":  `a decoding program can be built`,
	}},
}

func TestBrokenModels(t *testing.T) {
	for _, c := range broken {
		t.Run(c.name, func(t *testing.T) {
			for _, check := range modeltest.Checks() {
				err := check.Run(c.model, modeltest.Options{})
				if want := c.errors[check.Name]; want != "" {
					if assert.Error(t, err, check.Name) {
						assert.Regexp(t, want, err.Error(), check.Name)
					}
					continue
				}
				assert.NoError(t, err, check.Name)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	small := define(attend(true, true))
	small.Vocab = 1
	for _, c := range []struct {
		model models.Model
		want  string
	}{
		{&models.NGram{Sizes: models.Sizes{Vocab: 11, Context: 8}, Order: 3}, "an n-gram model is made of counts: it has no graph to check"},
		{models.Define(8, small.Graph), "vocab = 0"},
		{small, "vocab = 1, want at least 2"},
	} {
		for _, check := range modeltest.Checks() {
			assert.ErrorContains(t, check.Run(c.model, modeltest.Options{}), c.want, check.Name)
		}
	}
}

// A model of the parts, as a researcher's test checks it; and with a context so short that
// most of the checks' sequences do not fit.
func TestSoundModels(t *testing.T) {
	modeltest.All(t, define(attend(true, true)))
	o := modeltest.Options{Entries: 1}
	for _, context := range []int{1, 2, 5} {
		modeltest.AllWith(t, &models.GPT{Sizes: models.Sizes{Vocab: 2, Context: context}, Layers: 1, Heads: 1, Dim: 2, Activation: "relu"}, o)
		modeltest.AllWith(t, &models.GRU{Recurrent: models.Recurrent{Sizes: models.Sizes{Vocab: 2, Context: context}, Layers: 1, Dim: 2, Dropout: 0.5}}, o)
		modeltest.AllWith(t, &models.Transformer{Sizes: models.Sizes{Vocab: 3, Context: context}, Source: context, Layers: 1, Heads: 1, Dim: 4, Dropout: 0.5, Activation: "relu"}, o)
	}
}

// kinked is a model whose loss has a kink where the first kinks entries of a bias are, at
// zero, and its weights.
func kinked(t *testing.T, kinks int) (*models.Program, *graph.Weights, func() error) {
	t.Helper()
	m := define(func(s *layers.Scope, x *G.Node) *G.Node {
		bias := s.Param("b", func(_ *rand.Rand, shape []int) []float64 {
			v := make([]float64, dim)
			for i := kinks; i < dim; i++ {
				v[i] = 1
			}
			return v
		}, dim)
		zero := layers.Scale(s, x, 0)
		return layers.ReLU(s, s.Must(G.BroadcastAdd(zero, bias, nil, []byte{0})))
	})
	w := graph.NewWeights64(1)
	p, err := models.Train(m, w, graph.Frame{B: 1, T: 3}, models.Options{})
	require.NoError(t, err)
	return p, w, func() error {
		return p.Run(graph.Feed{Tokens: []int{1, 2, 3}, Targets: []int{2, 3, 4}})
	}
}

// Points at a kink are skipped, and many of them are an error.
func TestKinks(t *testing.T) {
	p, w, run := kinked(t, 1)
	assert.NoError(t, modeltest.Differences(p, w, run, modeltest.Options{Entries: 12}))
	p, w, run = kinked(t, dim)
	assert.ErrorContains(t, modeltest.Differences(p, w, run, modeltest.Options{}), "the loss has a kink within 1e-7 of 8 of ")
}

// A check that ends early has compared the derivative along all parameters.
func TestTimeEnds(t *testing.T) {
	o := modeltest.Options{Time: 1}
	assert.NoError(t, modeltest.Gradients(define(attend(true, true)), o))
	assert.ErrorContains(t, modeltest.Gradients(define(wrongDerivative), o), "1 of 1 derivatives disagree with finite differences:\n\tall parameters, along a random direction")
}

// Spread moves a matrix by less the wider it is, a vector by 0.4, and both types alike.
func TestSpread(t *testing.T) {
	for _, w := range []*graph.Weights{graph.NewWeights64(1), graph.NewWeights(1)} {
		require.NoError(t, w.Add("W", []int{100, 400}, make([]float32, 40000)))
		require.NoError(t, w.Add("b", []int{4000}, make([]float32, 4000)))
		modeltest.Spread(w)
		for path, want := range map[string]float64{"W": 0.1, "b": 0.4} {
			sum, n := 0.0, w.Get(path).Size()
			for _, v := range w.Get(path).Float64() {
				sum += v * v
			}
			for _, v := range w.Get(path).Float32() {
				sum += float64(v * v)
			}
			assert.InDelta(t, want, math.Sqrt(sum/float64(n)), 0.05*want, path)
		}
	}
}
