//go:build !unix

package store

import "os"

// mapIDs reads the ids of a checked token file into memory: mapping is implemented for Unix only.
func mapIDs(f *os.File, h *Header) (*IDs, error) { return readIDs(f, h) }
