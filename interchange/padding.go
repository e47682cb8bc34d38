package interchange

import (
	"fmt"

	"euryale/data/tokenizer"
	"euryale/models"
)

// isPadding reports whether a vocabulary of so many ids may have extra ones at its end that
// stand for nothing. Training is faster where the vocabulary is a multiple of a power of two:
// nanoGPT and llm.c pad GPT-2's 50257 ids to 50304, Megatron-LM to 51200.
func isPadding(extra, vocab int) bool {
	if extra <= 0 || extra > (vocab-extra)/4 { // the tokenizer of another model, more likely
		return false
	}
	for multiple := 8; multiple <= 1024; multiple *= 2 {
		if vocab%multiple == 0 && extra < multiple {
			return true
		}
	}
	return false
}

// imported returns a model with the values in found. Padding of its vocabulary beyond the
// ids of tk is left out: no text has these ids, and none is to be generated.
func imported(name string, m models.Model, found map[string][]float32, tk tokenizer.Tokenizer) (*Imported, error) {
	im := &Imported{Name: name, Model: m, Tokenizer: tk}
	if padded, vocab := m.Common().Vocab, tk.Vocab(); padded > vocab {
		cutVocabulary(found, padded, vocab)
		m.Common().Vocab = vocab
		im.Note = fmt.Sprintf("the model's vocabulary is padded from %d ids to %d: the padding is left out", vocab, padded)
	}
	var err error
	im.Weights, err = weightsOf(m, found)
	return im, err
}

// cutVocabulary keeps the first to of from ids in the embedding table (V, D), in the head
// (D, V) and in its bias (V).
func cutVocabulary(found map[string][]float32, from, to int) {
	table := found["tok/W"]
	found["tok/W"] = table[:len(table)/from*to]
	if b := found["head/b"]; b != nil {
		found["head/b"] = b[:to]
	}
	if head := found["head/W"]; head != nil {
		cut := make([]float32, 0, len(head)/from*to)
		for ; len(head) >= from; head = head[from:] {
			cut = append(cut, head[:to]...)
		}
		found["head/W"] = cut
	}
}
