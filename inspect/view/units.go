package view

import (
	"context"
	"slices"
)

// ExcitingUnits is Exciting for the units whose largest values stand out most, in the last MLP or the last recurrent
// layer of the text.
func ExcitingUnits(ctx context.Context, t *Text, seqs []Sequence, units, n int) (*Figure, error) {
	if len(seqs) == 0 {
		return nil, noSample()
	}
	g, err := t.graph()
	if err != nil {
		return nil, err
	}
	tap := ""
	for _, layer := range cells(g) {
		if !ofSource(g, layer+"/h") {
			tap = layer + "/h"
		}
	}
	for _, block := range blocks(g) {
		if post := block + "/mlp/post"; slices.Contains(g.Taps(), post) {
			tap = post
		}
	}
	if tap == "" {
		return nil, unfit("the model names neither the activations of an MLP nor those of a recurrent layer", "模型既没有命名 MLP 的激活值，也没有命名循环层的状态")
	}
	chosen, err := Peaked(ctx, t, seqs, tap, units)
	if err != nil {
		return nil, err
	}
	return Exciting(ctx, t, seqs, tap, chosen, n)
}
