package store

import (
	"fmt"
	"os"
)

// open maps a token file after checking its sizes, its checksum and that every id is in the
// vocabulary.
func open(path string) (*IDs, *Header, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	h, err := check(f)
	if err != nil {
		return nil, nil, fmt.Errorf("token file %s: %w: delete the file to make it again", path, err)
	}
	t, err := mapIDs(f, h)
	return t, h, err
}
