package watermark

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
)

// Numbers are the pseudorandom numbers of the tokens that can follow one context.
type Numbers struct {
	seed  uint64
	green uint64 // a token whose bits are below it is green
}

// Numbers returns the numbers of the tokens that follow context, whose last Key.Context tokens count. They
// follow from SHA-256 of secret, method and context. It reports false if the context has fewer tokens.
func (k *Key) Numbers(context []int) (Numbers, bool) {
	if len(context) < k.Context {
		return Numbers{}, false
	}
	message := make([]byte, 0, secretBytes+1+8*maxContext)
	message = append(append(message, k.Secret...), k.Method[0])
	for _, id := range context[len(context)-k.Context:] {
		message = binary.LittleEndian.AppendUint64(message, uint64(id))
	}
	hash := sha256.Sum256(message)
	return Numbers{binary.LittleEndian.Uint64(hash[:]), uint64(k.Gamma * math.MaxUint64)}, true
}

// Bits returns 64 pseudorandom bits of a token: bit l is its g-value in layer l of a tournament. They are a
// mix of the seed of the context and the token (the finalizer of SplitMix64; Steele, Lea and Flood 2014,
// https://doi.org/10.1145/2714064.2660195).
func (n Numbers) Bits(id int) uint64 {
	z := n.seed + (uint64(id)+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Green reports whether a token is on the green list, as Key.Gamma of all tokens are.
func (n Numbers) Green(id int) bool { return n.Bits(id) < n.green }
