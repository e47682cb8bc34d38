// Package textfile reads text from files: plain or gzip, one file after another, in chunks that end
// where a word does. Its errors name the file and the offset there.
package textfile
