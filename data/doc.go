// Package data turns texts and tables into batches of tokens.
//
// [Open] opens the [Corpus] that a [Config] names: running text for language modelling (data.task
// "lm") or masked-token prediction ("mask"), or a table whose rows have a source and an answer
// (pairs, dialogue, summary). A corpus makes the batches of its training and validation parts; each
// batch depends only on its seed and number. A task.Format turns the input of a user into the same
// tokens as in training; it needs only the configuration and the tokenizer.
//
// Running text may be larger than memory: its tokens are then stored in a file of the user's cache
// and mapped (package store). Tables are held in memory.
//
// In shapes, B is the number of sequences of a batch, T the tokens of each and S the tokens of each
// source that an encoder reads. Padding is −1.
package data
