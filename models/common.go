package models

import (
	"fmt"
	"math"

	"euryale/layers"
)

// CheckBlocks returns an error if the settings that Transformers have in common are invalid.
// Hidden may be 0, the default width.
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

// mlpWidth returns the width of a feed-forward layer: hidden, or by default 4·dim.
func mlpWidth(hidden, dim int) int {
	if hidden > 0 {
		return hidden
	}
	return 4 * dim
}

// rnnWidth returns the width of a recurrent layer: hidden, or by default dim.
func rnnWidth(hidden, dim int) int {
	if hidden > 0 {
		return hidden
	}
	return dim
}

// tableForRNN returns the scope of an embedding that recurrent layers read. Its initial values
// have a standard deviation of 1, as in PyTorch: with 0.02, as before a residual stream, gates
// change little at first, and the loss after two passes over tiny Shakespeare is 0.09 nats higher
// (configs/lstm-char.toml without norm). A tied table has 1/√D, so that logits are of about 1.
func tableForRNN(s *layers.Scope, dim int, tied bool) *layers.Scope {
	std := 1.0
	if tied {
		std = 1 / math.Sqrt(float64(dim))
	}
	return s.Sub("tok").WithInit(layers.Normal(std), nil)
}
