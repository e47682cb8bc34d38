// Package tokenizer turns text into ids and back.
//
// A [Tokenizer] is made from a text ([NewChar], [TrainBPE], [NewWordCounter]), has fixed ids ([NewByte]), or is loaded
// from a file ([Load]): this project's tokenizer.json, Hugging Face's, GPT-2's two files, or
// llama2.c's. [WithSpecials] adds special tokens, and a [Stream] decodes tokens one by one.
package tokenizer
