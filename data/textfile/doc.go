// Package textfile reads text from plain, gzip or zstd files as one text in UTF-8, in chunks that end at the end of
// a word. Its errors name the file and the byte offset in it.
package textfile
