package layers

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers/graph"
	"euryale/layers/ops"
)

// attended holds the operands of an attention and what it is of.
type attended struct {
	q, keys, values, lengths *G.Node
	qkv                      *G.Node    // q, keys and values side by side, if the graph has them so; else nil
	rows                     graph.Rows // tokens that are attended to
	drop                     ops.Drop
}

// mixed returns the values of a, weighted by attention, before the output projection. It
// declares the taps "scores", "weights" and "heads", and those of each head. The scores and the
// weights are nodes of the graph only if an edit changes them; else the fused op stores neither.
//
//	→ (B·T, H·d)
func mixed(s *Scope, o ops.AttentionConfig, a attended) *G.Node {
	c := a.keys.Shape()[0] / o.Sequences
	keys := func(name string, view graph.View) graph.TapInfo {
		return graph.TapInfo{Rows: s.RowsOf(a.q), Heads: o.Heads, Keys: a.rows, Lengths: a.lengths, Parts: graph.Heads(name, o.Heads, c), View: view}
	}
	scores := func() *G.Node {
		n := s.Must(ops.Scores(s.At("scores"), o, a.q, a.keys))
		if o.ALiBi {
			n = s.Must(ops.ALiBi(s.At("alibi"), o.Heads, n, a.lengths))
		}
		return n
	}
	s.Offer("first_head", func() *G.Node { return firstHead(s, o, a) })
	var y *G.Node
	if s.IsEdited("scores", "weights") {
		n := s.TapAs("scores", scores(), keys("scores", ""))
		n = s.Must(ops.MaskWindow(s.At("mask"), o.Heads, o.Window, n, a.lengths))
		n = s.TapAs("weights", Softmax(s, n, o.Heads), keys("weights", graph.AttentionWeights))
		n = s.Must(ops.Dropout(s.At("weights/dropout"), a.drop, n))
		y = s.Must(ops.Mix(s.At("mix"), o, n, a.values))
	} else {
		s.TapLater("scores", keys("scores", ""), scores)
		s.TapLater("weights", keys("weights", graph.AttentionWeights), func() *G.Node {
			return s.Must(ops.AttentionWeights(s.At("weights"), o, a.q, a.keys, a.lengths))
		})
		y = fused(s, o, a)
	}
	return s.TapAs("heads", y, graph.TapInfo{Heads: o.Heads, Parts: graph.Heads("", o.Heads, y.Shape()[1]/o.Heads)})
}

// fused returns mixed as one op.
func fused(s *Scope, o ops.AttentionConfig, a attended) *G.Node {
	o.Drop = a.drop
	if a.qkv != nil {
		return s.Must(ops.AttentionOf(s.At("attention"), o, a.qkv, a.lengths))
	}
	return s.Must(ops.Attention(s.At("attention"), o, a.q, a.keys, a.values, a.lengths))
}

// FirstHead returns the weights of the first head of the attention layer at path, for a layer that computes
// with them, such as PointerHead. They have a derivative, and no dropout; edits of the layer's weights do not
// change them.
//
//	→ (B·T, C), or (B·T, S) of CrossAttention
func FirstHead(s *Scope, path string) *G.Node { return s.Offered(path + "/first_head") }

func firstHead(s *Scope, o ops.AttentionConfig, a attended) *G.Node {
	if o.ALiBi {
		s.Fail("the weights of a head with ALiBi cannot be read by another layer: leave ALiBi out")
	}
	d := a.q.Shape()[1] / o.Heads
	q, k := s.Must(ops.Columns(s.At("first_head/q"), a.q, 0, d)), s.Must(ops.Columns(s.At("first_head/k"), a.keys, 0, d))
	scores := s.Must(ops.Scores(s.At("first_head/scores"), parts(s, 1, 1), q, k))
	scores = s.Must(ops.MaskWindow(s.At("first_head/mask"), 1, o.Window, scores, a.lengths))
	return s.Must(ops.Softmax(s.At("first_head/softmax"), 1, scores))
}
