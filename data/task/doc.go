// Package task lays out the rows of a table as the tokens that a model reads and is asked for.
//
// A [Table] is read from a file or generated; [ReadRows] takes its rows apart as pairs of source and
// answer or as dialogues, in parts to train, validate and test on. A [Format] turns them into
// samples, for an encoder and a decoder or as one sequence, and turns what a user gives into a prompt
// in the same way.
package task
