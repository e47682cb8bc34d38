package models

import (
	"fmt"
	"math"

	"euryale/layers"
)

// CheckBlocks reports what is wrong with the settings that Transformers have in common.
// Hidden is 0 for the default width.
func CheckBlocks(blocks, heads, dim, hidden int, dropout float64) error {
	switch {
	case blocks < 1 || heads < 1 || dim < 1:
		return fmt.Errorf("model: layers = %d, heads = %d, dim = %d, want at least 1", blocks, heads, dim)
	case hidden < 0:
		return fmt.Errorf("model: hidden = %d, want 0 (the default width) or more", hidden)
	case dim%heads != 0:
		return fmt.Errorf("model: heads = %d does not divide dim = %d", heads, dim)
	case !(dropout >= 0 && dropout < 1):
		return fmt.Errorf("model: dropout = %v, want at least 0 and less than 1", dropout)
	}
	return nil
}

// mlpWidth returns the width inside a feed-forward layer: as set, or four times D by
// default.
func mlpWidth(hidden, dim int) int {
	if hidden > 0 {
		return hidden
	}
	return 4 * dim
}

// rnnWidth returns the width of a recurrent layer: as set, or the embedding's by default.
func rnnWidth(hidden, dim int) int {
	if hidden > 0 {
		return hidden
	}
	return dim
}

// tableForRNN returns the scope of an embedding that recurrent layers read, whose initial
// values are of about 1, as in PyTorch: with the 0.02 of a residual stream the gates barely
// move at first, and two passes over tiny Shakespeare end 0.09 nats higher
// (configs/lstm-char.toml without norm). The initial values of a table that is the head's
// too make logits of about 1.
func tableForRNN(s *layers.Scope, dim int, tied bool) *layers.Scope {
	std := 1.0
	if tied {
		std = 1 / math.Sqrt(float64(dim))
	}
	return s.Sub("tok").WithInit(layers.Normal(std), nil)
}
