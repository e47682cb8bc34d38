package store

import "crypto/sha256"

// A token file is a header of headerSize bytes, then the ids, little-endian, of two or four bytes
// each.
const (
	magic      = "EURYTOK\x01" // the last byte is the version
	headerSize = 256           // a multiple of four, so that the ids are aligned
	extension  = ".tokens"
)

// Header is the header of a token file.
type Header struct {
	Magic     [8]byte
	Width     uint64            // bytes of an id: 2 or 4
	Vocab     uint64            // size of the vocabulary; all ids are below it
	Count     uint64            // number of tokens
	Split     uint64            // tokens of the training part
	Bytes     uint64            // bytes of the text
	Tokenizer [sha256.Size]byte // hash of the tokenizer's pieces
	Source    [sha256.Size]byte // hash of the files of the text
	Payload   [sha256.Size]byte // hash of the ids as stored
	Documents uint64            // number of documents; 0 if the text is not of documents
	Skipped   uint64            // records that could not be read
	Unused    uint64            // records of the test part that are left out
	Test      uint64            // tokens of the test part, which is the end
}
