//go:build !unix

package store

import "os"

// mapIDs reads the ids of a checked token file: this system's way of mapping files is not
// spoken here, so the corpus must fit in memory.
func mapIDs(f *os.File, h *Header) (*IDs, error) { return readIDs(f, h) }
