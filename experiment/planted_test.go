package experiment_test

import (
	"context"
	"math/rand/v2"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/experiment"
	"euryale/layers"
	"euryale/layers/ops"
	"euryale/models"
)

const (
	dim   = 8
	heads = 2
)

// edits are the places of the small model below where a mistake is planted. A nil one is right.
type edits struct {
	attend    func(s *layers.Scope, x *G.Node) *G.Node    // self-attention of a block
	residual  func(s *layers.Scope, x, y *G.Node) *G.Node // adds y to the stream
	mlp       func(s *layers.Scope, x *G.Node) *G.Node
	positions func(s *layers.Scope) *G.Node
	head      func(s *layers.Scope, x *G.Node, vocab int) *G.Node
}

// planted is a GPT of two blocks, put together from the parts of package layers.
func planted(e edits) *models.Defined {
	if e.attend == nil {
		e.attend = attention(layers.Mask, (*layers.Scope).CausalLengths, (*layers.Scope).History)
	}
	if e.residual == nil {
		e.residual = func(s *layers.Scope, x, y *G.Node) *G.Node { return layers.Residual(s, x, y, 0) }
	}
	if e.mlp == nil {
		e.mlp = func(s *layers.Scope, x *G.Node) *G.Node { return layers.MLP(s, x, 2*dim, "relu") }
	}
	if e.positions == nil {
		e.positions = func(s *layers.Scope) *G.Node { return layers.Positions(s, 16, dim) }
	}
	if e.head == nil {
		e.head = func(s *layers.Scope, x *G.Node, vocab int) *G.Node { return layers.Head(s, x, vocab) }
	}
	return models.Define(16, func(s *layers.Scope, tokens *G.Node, vocab int) *G.Node {
		x := layers.Embedding(s.Sub("tok"), tokens, vocab, dim)
		x = layers.Add(s, x, e.positions(s.Sub("pos")))
		for i := range 2 {
			h := s.Sub("h%d", i)
			x = e.residual(h.Sub("att"), x, e.attend(h.Sub("att"), layers.LayerNorm(h.Sub("ln1"), x)))
			x = layers.Residual(h.Sub("mlp"), x, e.mlp(h.Sub("mlp"), layers.LayerNorm(h.Sub("ln2"), x)), 0)
		}
		return e.head(s.Sub("head"), layers.LayerNorm(s.Sub("ln"), x), vocab)
	})
}

type (
	mask    = func(s *layers.Scope, scores, lengths *G.Node, heads int) *G.Node
	lengths = func(s *layers.Scope) *G.Node
	keep    = func(s *layers.Scope, name string, x *G.Node) *G.Node
)

// attention is attention in parts, with a mask, its lengths, and how keys and values are kept.
func attention(mask mask, lengths lengths, keep keep) func(s *layers.Scope, x *G.Node) *G.Node {
	return func(s *layers.Scope, x *G.Node) *G.Node {
		q, k, v := layers.Linear(s.Sub("q"), x, dim), layers.Linear(s.Sub("k"), x, dim), layers.Linear(s.Sub("v"), x, dim)
		k, v = keep(s, "keys", k), keep(s, "values", v)
		scores := mask(s, layers.Scores(s, q, k, heads), lengths(s), heads)
		return layers.Project(s.Sub("proj"), layers.Mix(s, layers.Softmax(s, scores, heads), v, heads), dim)
	}
}

func noMask(_ *layers.Scope, scores, _ *G.Node, _ int) *G.Node { return scores }

func notKept(_ *layers.Scope, _ string, x *G.Node) *G.Node { return x }

// oneMore adds one to the number of keys that a token attends to, up to the tokens of the run.
func oneMore(s *layers.Scope) *G.Node {
	return s.Must(G.ApplyOp(plusOne{most: s.T}, s.CausalLengths()))
}

// stock applies a stock op to the hidden values of the MLP.
func stock(op func(s *layers.Scope, x *G.Node) *G.Node) edits {
	return edits{mlp: func(s *layers.Scope, x *G.Node) *G.Node {
		return layers.Linear(s.Sub("out"), op(s, layers.Linear(s.Sub("in"), x, 300)), dim)
	}}
}

// op returns an MLP with a custom op between its layers.
func op(forward, slope func(x float64) float64) edits {
	return edits{mlp: func(s *layers.Scope, x *G.Node) *G.Node {
		return layers.Linear(s.Sub("out"), s.Apply(ops.Op{Name: "mine", Float64: ops.Kernel64{
			Forward: func(in []ops.Arg64, out []float64) {
				for i, x := range in[0].X {
					out[i] = forward(x)
				}
			},
			Backward: func(in []ops.Arg64, _, dout []float64, din [][]float64) {
				for i, x := range in[0].X {
					din[0][i] = slope(x) * dout[i]
				}
			},
		}}, layers.Linear(s.Sub("in"), x, 2*dim)), dim)
	}}
}

// recurrent adds a recurrence to the MLP's result.
func recurrent(step func(s *layers.Scope, x *G.Node) *G.Node) edits {
	return edits{mlp: func(s *layers.Scope, x *G.Node) *G.Node {
		return layers.Add(s, layers.Linear(s.Sub("in"), x, dim), step(s.Sub("rec"), x))
	}}
}

// sums adds up all tokens of the batch before a token, over the ends of sequences.
func sums(s *layers.Scope, x *G.Node) *G.Node {
	n := s.B * s.T
	return s.Must(G.Mul(s.Const("before", []int{n, n}, func(i int) float64 {
		if i%n <= i/n {
			return 0.1
		}
		return 0
	}), x))
}

// ownLoss returns the model with a loss of targets that follow a row by more than one.
func ownLoss(loss func(s *layers.Scope, logits *G.Node) *G.Node) models.Model {
	return planted(edits{}).WithLoss(loss)
}

// A planted mistake, and the finding that names it: its check, layer, line and text.
var plantedFaults = []struct {
	name  string
	model models.Model
	check string
	layer string
	text  string
}{
	{"mask forgotten", planted(edits{attend: attention(noMask, (*layers.Scope).CausalLengths, (*layers.Scope).History)}),
		"causality", "h0/att", `changing token 7 changes the logits of token 0 .* usual cause: .*CausalLengths`},
	{"mask off by one", planted(edits{attend: attention(layers.Mask, oneMore, (*layers.Scope).History)}),
		"causality", "h0/att", `changing token 7 changes the logits of token 5`},
	{"attention over all sequences", planted(edits{mlp: func(s *layers.Scope, x *G.Node) *G.Node { return layers.Linear(s.Sub("in"), sums(s, x), dim) }}),
		"sequences", "h0/mlp", `changing the tokens of sequence 0 changes the logits of token 0 .* of sequence 1`},
	{"residual of attention forgotten", planted(edits{residual: func(s *layers.Scope, _, y *G.Node) *G.Node { return y }}),
		"structure", "h1/att/q|h1/att/proj|h1/att/v", `no path leads around h1/att/proj.* between the residual additions of h0/mlp and h1/mlp`},
	{"residual computed and not used", planted(edits{residual: func(s *layers.Scope, x, y *G.Node) *G.Node {
		layers.Residual(s, x, y, 0)
		return y
	}}), "structure", "h0/att", `nothing reads the result \(16, 8\) of add`},
	{"layer forgotten", planted(edits{residual: func(s *layers.Scope, x, _ *G.Node) *G.Node { return x }}),
		"gradients", "h0/ln1/gain", `no derivative of the loss reaches h0/ln1/gain, h0/ln1/bias, h0/att/q/W, h0/att/q/b and 16 other parameters.*the loss does not depend on them`},
	{"own mask in place of dropout", planted(edits{mlp: func(s *layers.Scope, x *G.Node) *G.Node {
		y := layers.MLP(s, x, 2*dim, "relu")
		return layers.Mul(s, y, s.Const("dropped", []int{s.B * s.T, dim}, func(int) float64 { return float64(rand.IntN(2)) }))
	}}), "dropout", "", `without noise, the loss is .* in training and .* in scoring`},
	{"dropout that draws in every run", planted(op(func(x float64) float64 { return x * float64(rand.IntN(2)) }, func(float64) float64 { return 1 })),
		"dropout", "", `without noise, two runs on one batch .* something draws random numbers of its own`},
	{"Gorgonia's Dropout", planted(stock(func(s *layers.Scope, x *G.Node) *G.Node { return s.Must(G.Dropout(x, 0.5)) })),
		"build", "h0/mlp", `Dropout .*its gradient is scaled by 1/p instead of 1/\(1-p\)`},
	{"Gorgonia's Slice beyond 256", planted(stock(func(s *layers.Scope, x *G.Node) *G.Node { return s.Must(G.Slice(x, nil, G.S(260, 290))) })),
		"build", "h0/mlp", `Slice .*wrong ranges of axes longer than 256`},
	{"Gorgonia's SoftMax", planted(stock(func(s *layers.Scope, x *G.Node) *G.Node { return s.Must(G.SoftMax(x, 0)) })),
		"build", "h0/mlp", `SoftMax .*overflows where rows differ`},
	{"a stock op that did not go through Must", planted(stock(func(s *layers.Scope, x *G.Node) *G.Node {
		n, err := G.InverseSqrt(x)
		if err != nil {
			s.Fail("%w", err)
		}
		return n
	})), "build", "h0/mlp/in|h0/mlp|h0/mlp/out", `InverseSqrt`},
	{"weights tied by a repeated name", planted(edits{mlp: func(s *layers.Scope, x *G.Node) *G.Node {
		return layers.Linear(s.Sub("in"), layers.Linear(s.Sub("in"), x, dim), dim)
	}}), "build", "h0/mlp/in", `"h0/mlp/in/W" is declared twice, first at planted_test.go`},
	{"weights tied by a name of Gorgonia's", planted(edits{mlp: func(s *layers.Scope, x *G.Node) *G.Node {
		w := G.NewMatrix(s.Expr(), x.Dtype(), G.WithShape(dim, dim), G.WithName("W"), G.WithInit(G.GlorotU(1)))
		return layers.MatMul(s, layers.Linear(s.Sub("in"), x, dim), w)
	}}), "structure", "h0/mlp", `the input "W" \(8, 8\) belongs to no scope: it is not trained`},
	{"weights tied without Shared", planted(edits{attend: func(s *layers.Scope, x *G.Node) *G.Node {
		w := s.Param("W", layers.Normal(0.3), dim, dim)
		return layers.MatMul(s.Sub("out"), layers.MatMul(s.Sub("in"), x, w), w)
	}}), "structure", "h0/att/W", `the weights \(8, 8\) are tied: the layers h0/att/in and h0/att/out read them`},
	{"weight transposed where it is not square", planted(edits{mlp: func(s *layers.Scope, x *G.Node) *G.Node {
		return layers.MatMul(s, x, s.Param("W", layers.Normal(1), 2*dim, dim))
	}}), "build", "h0/mlp", `\(16, 8\).*\(16, 8\)`},
	{"positions ignored in decoding", planted(edits{positions: func(s *layers.Scope) *G.Node {
		return s.Const("table", []int{s.B * s.T, dim}, func(i int) float64 { return 0.1 * float64(i/dim%s.T*(i%dim)) })
	}}), "decoding", "", `reading the second chunk of a prompt: the logits after token`},
	{"keys and values not kept", planted(edits{attend: attention(layers.Mask, (*layers.Scope).CausalLengths, notKept)}),
		"decoding", "h0/att", `store all state in memory: keys and values with s.History`},
	{"state not carried", planted(recurrent(func(s *layers.Scope, x *G.Node) *G.Node {
		n := s.B * s.T
		return s.Must(G.Mul(s.Const("sums", []int{n, n}, func(i int) float64 { // sums of the tokens of a run
			if row, col := i/n, i%n; row/s.T == col/s.T && col <= row {
				return 0.1
			}
			return 0
		}), x))
	})), "decoding", "h0/mlp/rec", `differ from those of a forward pass`},
	{"state carried where it must be reset", planted(edits{positions: carried()}), "decoding|sequences|dropout|gradients", "", `keeps state between runs|draws random numbers|differ|changes the logits|has other logits|the losses`},
	{"wrong derivative of an op", planted(op(func(x float64) float64 { return x * x }, func(x float64) float64 { return x })),
		"gradients", "h1/mlp/in/.", `derivatives disagree with finite differences`},
	{"derivative without an op", planted(op(func(x float64) float64 { return x }, func(float64) float64 { return 0 })),
		"gradients", "h1/mlp/in/.", `derivatives disagree`},
	{"parameter detached", planted(edits{mlp: func(s *layers.Scope, x *G.Node) *G.Node {
		w := s.Param("W", layers.Normal(0.3), dim, dim)
		return layers.MatMul(s, x, layers.StopGradient(s, w))
	}}), "gradients", "h0/mlp/W", `does not depend on|never receives a gradient`},
	{"parameter multiplied by zero", planted(edits{mlp: func(s *layers.Scope, x *G.Node) *G.Node {
		return layers.Add(s, layers.MLP(s.Sub("net"), x, 2*dim, "relu"), layers.Scale(s, layers.MatMul(s, x, s.Param("W", layers.Normal(1), dim, dim)), 0))
	}}), "gradients", "h0/mlp/W", `h0/mlp/W \[8 8\] never receives a gradient`},
	{"parameter declared and not used", planted(edits{mlp: func(s *layers.Scope, x *G.Node) *G.Node {
		s.Param("W", layers.Normal(1), dim, dim)
		return layers.MLP(s, x, 2*dim, "relu")
	}}), "gradients", "h0/mlp/W", `the loss does not depend on them; use them in Logits`},
	{"initial values a hundred times too large", planted(edits{mlp: func(s *layers.Scope, x *G.Node) *G.Node {
		return layers.MLP(s.WithInit(layers.Normal(100/2.8), nil), x, 2*dim, "relu")
	}}), "scale", "h0/mlp/in", `the layer multiplies values by \d+.* at the start.*: they explode`},
	{"head a hundred times too large", planted(edits{head: func(s *layers.Scope, x *G.Node, vocab int) *G.Node {
		return layers.Scale(s, layers.Head(s.Sub("out"), x, vocab), 100)
	}}), "learning", "", `the loss of random tokens is \d+.* at the start, and ln V = `},
	{"all units dead", planted(edits{mlp: func(s *layers.Scope, x *G.Node) *G.Node {
		in := layers.ReLU(s.Sub("act"), layers.AddScalar(s, layers.Linear(s.Sub("in"), x, 2*dim), -100))
		return layers.Linear(s.Sub("out"), in, dim)
	}}), "scale", "h0/mlp/act", `100% of the units are zero for every token: they are dead`},
	{"targets shifted twice", ownLoss(func(s *layers.Scope, logits *G.Node) *G.Node {
		return layers.CrossEntropy(s, layers.Shift(s, logits), 0)
	}), "loss", "", `usual cause: targets are shifted once more`},
	{"loss over padding", ownLoss(func(s *layers.Scope, logits *G.Node) *G.Node {
		return layers.Add(s, layers.CrossEntropy(s, logits, 0), s.Const("one", []int{s.B * s.T}, func(int) float64 { return 1 }))
	}), "loss", "", `row 0 has no target and the loss 1`},
	{"logits of the token before", planted(edits{head: func(s *layers.Scope, x *G.Node, vocab int) *G.Node {
		return layers.Head(s, layers.Shift(s, x), vocab)
	}}), "causality", "", `changing token 7 does not change its own logits`},
	{"targets read", planted(edits{head: func(s *layers.Scope, x *G.Node, vocab int) *G.Node {
		return layers.Head(s.Sub("out"), layers.Add(s, x, layers.EmbeddingOf(s, s.Targets(), "tok/W")), vocab)
	}}), "causality", "", `changing the targets changes the logits of token 0`},
	{"two ops of one hash", planted(edits{mlp: func(s *layers.Scope, x *G.Node) *G.Node {
		y := layers.Linear(s.Sub("in"), x, dim)
		twice := s.Must(G.ApplyOp(times{2}, y))
		return layers.Linear(s.Sub("out"), layers.Add(s, twice, s.Must(G.ApplyOp(times{3}, y))), dim)
	}}), "structure", "h0/mlp", `two declarations of the op times on the same operands returned one node, and its hash does not depend on its field by`},
	{"logarithm of a negative value", planted(op(func(x float64) float64 { return x / (x - x) }, func(float64) float64 { return 1 })),
		"finite", "h0/mlp", `is not finite`},
	{"parameter of one program", planted(edits{mlp: func(s *layers.Scope, x *G.Node) *G.Node {
		if s.T == 1 {
			x = layers.Linear(s.Sub("one"), x, dim)
		}
		return layers.MLP(s, x, 2*dim, "relu")
	}}), "shared weights", "h0/mlp/one/W", `a parameter's path and existence must not depend on the frame`},
	{"a panic in the definition", planted(edits{mlp: func(s *layers.Scope, x *G.Node) *G.Node { return []*G.Node{x}[s.B] }}),
		"build", "h0/ln2", `index out of range`},
}

// carried returns positions that go on where the last run ended, as a state does that nothing
// resets.
func carried() func(s *layers.Scope) *G.Node {
	return func(s *layers.Scope) *G.Node {
		last := 0.0
		return s.Apply(ops.Op{Name: "carried", Shape: func(...tensor.Shape) (tensor.Shape, error) { return tensor.Shape{s.B * s.T, dim}, nil }, Float64: ops.Kernel64{
			Forward: func(_ []ops.Arg64, out []float64) {
				for i := range out {
					out[i] = last
				}
				last += 0.1
			},
			Backward: func(_ []ops.Arg64, _, _ []float64, din [][]float64) { clear(din[0]) },
		}}, s.Param("unused", layers.Normal(1), 1, 1))
	}
}

// Every planted mistake is named by the right finding, with a layer and a line.
func TestPlantedFaults(t *testing.T) {
	require.GreaterOrEqual(t, len(plantedFaults), 20)
	for _, c := range plantedFaults {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // each builds its own graphs
			m := c.model
			m.Common().Vocab = 11
			r, err := experiment.Check(context.Background(), m, experiment.CheckOptions{})
			require.NoError(t, err)
			for _, f := range r.Findings {
				check, layer := regexp.MustCompile("^("+c.check+")$"), regexp.MustCompile("^("+c.layer+")$")
				if check.MatchString(f.Check) && (c.layer == "" || layer.MatchString(f.Layer)) && regexp.MustCompile("(?s)"+c.text).MatchString(f.String()) {
					if c.layer != "" {
						assert.Regexp(t, `^planted_test\.go:\d+$`, f.Line, f.String())
					}
					return
				}
			}
			assert.Fail(t, "no finding of "+c.check+" says that", "%v", r)
		})
	}
}

// The model that the mistakes are planted in has no finding.
func TestSoundModel(t *testing.T) {
	r, err := experiment.Check(context.Background(), planted(edits{}), experiment.CheckOptions{})
	require.NoError(t, err)
	assert.True(t, r.OK(), "%v", r)
}
