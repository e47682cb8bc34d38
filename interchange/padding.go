package interchange

import (
	"fmt"

	"euryale/data/tokenizer"
	"euryale/layers/graph"
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

// imported returns a model whose parameters have the values that value returns. Padding of its
// vocabulary beyond the ids of tk is left out: no text has these ids, and none is to be generated.
func imported(m models.Model, tk tokenizer.Tokenizer, value func(*graph.Param) ([]float32, error)) (*Imported, error) {
	im := &Imported{Name: nameOf(m), Model: m, Tokenizer: tk, Weights: graph.NewWeights(0)}
	padded, err := models.Parameters(m)
	if err != nil {
		return nil, err
	}
	if all, vocab := m.Common().Vocab, tk.Vocab(); all > vocab {
		m.Common().Vocab = vocab
		im.Note = fmt.Sprintf("the model's vocabulary is padded from %d ids to %d: the padding is left out", vocab, all)
	}
	params, err := models.Parameters(m)
	if err != nil {
		return nil, err
	}
	for i, p := range params {
		v, err := value(padded[i])
		if err != nil {
			return nil, err
		}
		if err := im.Weights.Add(p.Path, p.Shape, leading(v, padded[i].Shape, p.Shape)); err != nil {
			return nil, err
		}
	}
	im.Weights.Freeze()
	return im, nil
}

// nameOf returns the name of an imported model in the registry.
func nameOf(m models.Model) string {
	switch m.(type) {
	case *models.GPT:
		return "gpt"
	case *models.Llama:
		return "llama"
	}
	return "lstm"
}

// leading returns the first rows and columns of a vector or a matrix: the part that has the shape
// to.
func leading(v []float32, from, to []int) []float32 {
	rows, cols, width := to[0], 1, 1
	if len(to) == 2 {
		cols, width = to[1], from[1]
	}
	if cols == width {
		return v[:rows*cols]
	}
	cut := make([]float32, 0, rows*cols)
	for r := range rows {
		cut = append(cut, v[r*width:r*width+cols]...)
	}
	return cut
}
