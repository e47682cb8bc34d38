// Package inspect reads and changes the values that a model computes, by the paths of its layers.
//
// Read returns the values of taps over a text. Open returns a generator whose model computes with
// interventions: everything that reads a tap reads the changed value, in scores, while texts are
// generated token by token, and in other taps. Interventions are data of a graph's ops: a model
// without any has the graph that it has without this package.
package inspect
