// Package layers declares the layers of neural networks, from Add to attention, as nodes of
// an expression graph. A model is a function that calls them:
//
//	x := layers.Embedding(s.Sub("tok"), tokens, vocab, 128)
//	x = layers.PreNorm(s.Sub("mlp"), x, 0, func(s *layers.Scope, x *layers.Node) *layers.Node {
//		return layers.MLP(s, x, 512, ops.GELU)
//	})
//	logits := layers.Head(s.Sub("head"), x, vocab)
//
// Four ideas, which package graph implements:
//
// Scope: a path in the graph under construction. s.Sub("mlp") is the scope "mlp" inside s. A
// scope names what a layer declares in it: parameters ("mlp/in/W"), values that can be read
// back (taps), and errors. It has the options of the layers below it: biases, initial values,
// weight decay. A layer that cannot be built panics with a *graph.Error, which graph.Build
// returns.
//
// Weights: parameters live outside the graph, by path, so that many graphs can share them.
//
// Memory: what sequences carry from run to run while text is generated: cached keys and
// values, recurrent states, the encoded source. Layers such as Attention and LSTM use it if
// the graph has one; a model need not know.
//
// Programs: a model is declared once, and compiled into programs that train, score or decode.
// They differ in the graph.Frame: sizes, memory, dropout, gradient. Layers read the frame; there
// is no training mode.
//
// Letters in shapes: B sequences of a batch, T tokens of a sequence in one run, S tokens of its
// source, C keys that a query may attend to (T, S, or the capacity of memory), N rows of any
// matrix, D columns, H heads or hidden units, V size of the vocabulary. An activation is a
// matrix (B·T, D): a row for each token, one sequence after another. Tokens, positions,
// lengths and masks are vectors of integers.
//
// Padding is −1: a token of −1 has an embedding of zeros, is no key of attention, has no
// target, and leaves recurrent states unchanged.
package layers
