package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"euryale/internal/kernel/vec"
)

// Noise is the random state of all dropout in a model. A mask is a function of these two
// numbers, the layer's path and the value's index in the batch: a checkpoint saves the two
// numbers only, and masks do not depend on the number of workers or shards.
type Noise struct{ Seed, Step uint64 }

// key returns the random key of one layer in one step.
func (n *Noise) key(layer uint64) uint64 {
	x := n.Seed ^ layer*0x9e3779b97f4a7c15 ^ (n.Step+1)*0xd1b54a32d192ed03
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9 // the finaliser of SplitMix64
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Drop holds the parameters of one dropout.
type Drop struct {
	P     float64 // probability that a value is zeroed
	Noise *Noise
	Layer uint64 // hash of the layer's path
	First int    // index in the batch of this graph's first row
	Step  *int   // current step of the loop around the layer, or nil
}

func (d Drop) check() error {
	if !(d.P >= 0 && d.P < 1) {
		return fmt.Errorf("dropout is %v, want at least 0 and less than 1", d.P)
	}
	return nil
}

// Dropout zeroes each value of x with probability p and scales the others by 1/(1−p)
// (Srivastava et al. 2014).
//
//	x: (N, D) → (N, D)
func Dropout(p Place, d Drop, x *G.Node) (*G.Node, error) {
	if err := d.check(); err != nil || d.P == 0 {
		return x, err
	}
	return apply(p, dropoutSpec[float32](d, x, false), dropoutSpec[float64](d, x, false), x)
}

// AddDropped returns a + Dropout(x), in one pass over memory.
//
//	a, x: (N, D) → (N, D)
func AddDropped(p Place, d Drop, a, x *G.Node) (*G.Node, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	if err := same(a, x); err != nil {
		return nil, err
	}
	return apply(p, dropoutSpec[float32](d, x, true), dropoutSpec[float64](d, x, true), x, a)
}

func dropoutSpec[T Float](d Drop, x *G.Node, add bool) spec[T] {
	first := uint64(d.First * x.Shape()[1])
	key := func() uint64 {
		if d.Step != nil {
			return d.Noise.key(d.Layer + uint64(*d.Step+1))
		}
		return d.Noise.key(d.Layer)
	}
	s := spec[T]{
		shape: x.Shape(),
		fwd:   func(a []arg[T], y []T) { vec.Dropout(y, a[0].X, d.P, key(), first) },
		backs: []back[T]{{of: []int{0}, reads: []int{}, do: func(_ []arg[T], _, dy []T, g [][]T) { vec.Dropout(g[0], dy, d.P, key(), first) }}},
	}
	if add {
		s.fwd = func(a []arg[T], y []T) { vec.DropoutAdd(y, a[1].X, a[0].X, d.P, key(), first) }
		s.pass = []int{1}
	}
	return s
}
