// Package training trains models: the loop, the optimiser, schedules, evaluation, and the
// files a run leaves behind.
//
// A run is a directory. Its config.toml is the whole configuration; with the tokenizer
// and the weights beside it, it is all that generation needs; with state.safetensors a
// run goes on as if it had never stopped, to the bit.
package training
