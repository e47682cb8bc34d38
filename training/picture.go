package training

import (
	"euryale/layers/draw"
)

// Picture draws the graph that training runs, with its derivative: that of the first
// shard, when a batch is cut into several.
func (r *Run) Picture(o draw.Options) (*draw.Picture, error) {
	rep, err := r.nextReplica()
	if err != nil {
		return nil, err
	}
	return draw.Graph(rep.shards[0].Graph, o)
}
