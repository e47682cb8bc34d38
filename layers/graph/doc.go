// Package graph builds the expression graph of a model, and keeps the state that outlives a
// graph: parameters, and what sequences remember between runs.
//
// Scope. A model is a function of a *Scope. The scope is a path in the graph under
// construction ("h0/att/qkv"): it names the parameters that a layer declares, the values that
// can be read back (taps), and the layer in errors. Build calls the function on a new graph
// and returns a *Graph. A layer that cannot be built stops the build with an *Error.
//
// Weights. Parameters live outside graphs, by path. Many graphs share one *Weights: the
// shards of a batch, the graph that scores and the graph that decodes. The initial value of a
// parameter depends on the seed and its path only.
//
// Memory. A graph computes one run and forgets it. What sequences carry from run to run
// (cached keys and values, recurrent states, the encoded source) is in a *Memory, which the
// graph that reads the prompt and the graph that decodes share. A run writes to it, and
// Graph.Commit makes the writes valid.
//
// Programs. Package models compiles a Graph into a program for Gorgonia's tape machine.
// Training, scoring and decoding are programs of one model function: they differ in the Frame
// that the graph is built for (sizes, memory, dropout, gradient), and in what is read from
// it. A run sets the inputs with Graph.Feed.
//
// Letters in shapes: B sequences of a batch, T tokens of a sequence in one run, S tokens of
// its source, C keys that a query may attend to (T, or the capacity of memory), D columns.
// Activations are (B·T, D): a row for each token, one sequence after another. Tokens,
// targets and positions are integers, (B·T), and −1 where there is none (padding).
package graph
