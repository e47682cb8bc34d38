// Package training trains models: the loop, optimizers, schedules and evaluation.
//
// A run is a directory: see package rundir. Its config.toml is the whole configuration;
// with the tokenizer and the weights it is all that generation needs; with
// state.safetensors a run resumes as if it had never stopped, to the bit.
package training
