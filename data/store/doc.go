// Package store stores the token ids of a text: in memory, or, of a large text, in a mapped token
// file. A [Cache] finds the token file of a text and the tokenizer that was made from it.
package store
