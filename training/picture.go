package training

import (
	"euryale/data"
	"euryale/layers/draw"
)

// Picture draws the graph that training runs, with its derivative: that of the first
// shard, when a batch is cut into several.
func (r *Run) Picture(o draw.Options) (*draw.Picture, error) {
	var b data.Batch
	if err := r.batches.Batch(0, &b); err != nil {
		return nil, err
	}
	rep, err := r.replicas.of(&b)
	if err != nil {
		return nil, err
	}
	return draw.Graph(rep.shards[0].Graph, o)
}
