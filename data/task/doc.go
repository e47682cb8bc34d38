// Package task turns the rows of a table into the input and target tokens of a model.
//
// A [Table] is read from a file or generated; [ReadRows] parses its rows as pairs of source and answer
// or as dialogues, and splits them into a training, a validation and a test part. A [Format] turns
// them into samples, for an encoder and a decoder or as one sequence, and turns the input of a user
// into a prompt in the same way.
package task
