//go:build !unix

package data

import "os"

// mapTokens reads the ids of a checked token file: this system's way of mapping files is not
// spoken here, so the corpus must fit in memory.
func mapTokens(f *os.File, h *tokenHeader) (*idSequence, error) { return readTokens(f, h) }
