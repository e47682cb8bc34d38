// Package data turns texts and tables into batches of tokens.
//
// A [Corpus] is opened from a [Config]: running text to model (data.task "lm") or to restore
// where tokens are hidden ("mask"), or a table whose rows ask for an answer (pairs, dialogue,
// summary). It deals batches of a training and a validation part, each batch a function of its seed
// and number. Package tokenizer turns text into ids and back. A task.Format turns what a user gives
// into the tokens a task was trained on; it follows from the configuration and the tokenizer alone.
// Running text may be larger than memory: package store then keeps its tokens in a file of the user's
// cache and maps it. Tables are held in memory.
//
// In shapes, B is the number of lanes of a batch, T the tokens of each and S the tokens of a source
// that an encoder reads. −1 is padding everywhere.
package data
