package store

import "crypto/sha256"

// A token file is a header of headerSize bytes and the ids, little-endian, two or four bytes
// each. It is what a corpus larger than memory is trained from.
const (
	magic      = "EURYTOK\x01" // the last byte is the version
	headerSize = 256           // keeps the ids aligned
	extension  = ".tokens"
)

// Header opens a token file.
type Header struct {
	Magic     [8]byte
	Width     uint64            // bytes of an id: 2 or 4
	Vocab     uint64            // ids lie below
	Count     uint64            // tokens in all
	Split     uint64            // tokens of the training part
	Bytes     uint64            // bytes of the text
	Tokenizer [sha256.Size]byte // of the tokenizer's pieces
	Source    [sha256.Size]byte // of the files the text came from
	Payload   [sha256.Size]byte // of the ids as they stand in the file
}
