// Package store keeps the ids of a text: in memory, or in a token file that is mapped where the text
// is large. A [Cache] finds the token file of a text and the tokenizer that was made of it.
package store
