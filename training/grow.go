package training

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"euryale/data/tokenizer"
	"euryale/layers/graph"
	"euryale/models"
)

// growthNoise is the standard deviation of new rows around the mean of the old ones, as a
// fraction of that of the old ones.
const growthNoise = 0.01

// growthStream separates the random numbers of new rows from others of the same seed.
const growthStream = 0x67726f77

// parameters lists the parameters of m with the vocabulary of the weights, which a task may
// extend with its own tokens.
func (s *Start) parameters(m models.Model) ([]*graph.Param, error) {
	if s.saved != nil {
		sizes := m.Common()
		extended := sizes.Vocab
		sizes.Vocab = min(extended, s.saved.Tokenizer.Vocab())
		defer func() { sizes.Vocab = extended }()
	}
	return models.Parameters(m)
}

// growth returns a note of the tokens that tk has and the weights lack, if there are any.
func (s *Start) growth(tk tokenizer.Tokenizer) []string {
	if s.saved == nil || tk.Vocab() <= s.saved.Tokenizer.Vocab() {
		return nil
	}
	var names []string
	for id := s.saved.Tokenizer.Vocab(); id < tk.Vocab(); id++ {
		names = append(names, string(tk.Piece(id)))
	}
	return []string{fmt.Sprintf("the vocabulary of %s grows from %d to %d ids, for %s", s.path, s.saved.Tokenizer.Vocab(), tk.Vocab(), strings.Join(names, " "))}
}

// growAll copies all parameters of from over those of to, which may have more ids in their
// vocabulary.
func growAll(to, from *graph.Weights, seed uint64) error {
	rng := rand.New(rand.NewPCG(seed, growthStream))
	for _, p := range to.All() {
		old := from.Get(p.Path)
		if slices.Equal(p.Shape, old.Shape) {
			copy(p.Float32(), old.Float32())
		} else if err := grow(p, old, rng); err != nil {
			return err
		}
	}
	return nil
}

// grow copies old over the beginning of p, which is longer in one axis, that of the vocabulary,
// and gives new ids the mean of the old ones plus a small noise, so that they differ. With the
// mean, the probabilities of the old ids hardly change, while initial values of another size
// could take most of the probability (Hewitt 2021, "Initializing New Word Embeddings for
// Pretrained Language Models").
func grow(p, old *graph.Param, rng *rand.Rand) error {
	axis := 0
	if len(p.Shape) == 2 && p.Shape[0] == old.Shape[0] {
		axis = 1
	}
	ids, had := p.Shape[axis], old.Shape[axis]
	width := p.Size() / ids
	if len(p.Shape) > 2 || len(p.Shape) != len(old.Shape) || had > ids || old.Size() != had*width {
		return fmt.Errorf("%s is %v and cannot grow to %v: want a vector or a matrix with one axis for the vocabulary", p.Path, old.Shape, p.Shape)
	}
	at := func(id, j, ids int) int { // the place of value j of an id
		if axis == 0 {
			return id*width + j
		}
		return j*ids + id
	}
	v, w := p.Float32(), old.Float32()
	for j := range width {
		var sum, squares float64
		for id := range had {
			x := w[at(id, j, had)]
			v[at(id, j, ids)] = x
			sum += float64(x)
			squares += float64(x) * float64(x)
		}
		mean := sum / float64(had)
		deviation := math.Sqrt(max(0, squares/float64(had)-mean*mean))
		for id := had; id < ids; id++ {
			v[at(id, j, ids)] = float32(mean + growthNoise*deviation*rng.NormFloat64())
		}
	}
	return nil
}
