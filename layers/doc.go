// Package layers is the vocabulary of graph definitions: functions that declare layers
// of neural networks as Gorgonia expressions.
//
// A layer is a function of a Scope, which is a place in the graph under construction,
// and of the nodes that flow in:
//
//	x = layers.Linear(s.Sub("proj"), x, 128)
//
// The scope's path names the layer's parameters, which live in Weights, outside any
// graph; what the layer computes (its tap, which a program can be asked for); and the
// layer in errors. A layer that cannot be built panics with an *Error, which Build
// returns.
//
// A model is declared once. What differs between training, scoring and decoding is the
// Frame the graph is built for: its geometry, whether it has a memory that carries sequences
// from run to run, whether dropout is on. Layers look at facts of the frame; there is no
// mode.
//
// Shapes are written with these letters: B sequences (sequences side by side), T tokens of a
// sequence in one run, S tokens of its source, C tokens that a sequence remembers, N rows of a
// matrix, D width, H heads or hidden units, V vocabulary. Activations are matrices, a
// row for each token: (B·T, D), sequence by sequence.
//
// Padding is −1 everywhere: a token of −1 has a zero embedding, is nobody's key, has no
// target, and lets a recurrent state pass unchanged.
package layers
