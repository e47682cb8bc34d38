package experiment_test

import (
	"errors"
	"fmt"
	"hash"
	"hash/fnv"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// times multiplies by a number that its hash leaves out.
type times struct{ by float64 }

func (times) Arity() int            { return 1 }
func (times) ReturnsPtr() bool      { return false }
func (times) CallsExtern() bool     { return false }
func (times) OverwritesInput() int  { return -1 }
func (times) WriteHash(h hash.Hash) { h.Write([]byte("times")) }
func (times) String() string        { return "times" }
func (times) Hashcode() uint32      { h := fnv.New32a(); times{}.WriteHash(h); return h.Sum32() }
func (times) Type() hm.Type {
	a := hm.TypeVariable('a')
	return hm.NewFnType(G.TensorType{Dims: 2, Of: a}, G.TensorType{Dims: 2, Of: a})
}
func (times) InferShape(in ...G.DimSizer) (tensor.Shape, error) {
	s, ok := in[0].(tensor.Shape)
	if !ok {
		return nil, errors.New("want a shape")
	}
	return s.Clone(), nil
}
func (o times) Do(in ...G.Value) (G.Value, error) {
	x := in[0].(*tensor.Dense)
	if x.Dtype() == tensor.Float32 {
		return x.MulScalar(float32(o.by), true)
	}
	return x.MulScalar(o.by, true)
}
func (times) DiffWRT(int) []bool { return []bool{true} }
func (times) SymDiff(in G.Nodes, _, grad *G.Node) (G.Nodes, error) {
	n, err := G.ApplyOp(times{}, grad)
	return G.Nodes{n}, err
}

// plusOne adds one to integers, up to most.
type plusOne struct{ most int }

func (plusOne) Arity() int              { return 1 }
func (plusOne) ReturnsPtr() bool        { return false }
func (plusOne) CallsExtern() bool       { return false }
func (plusOne) OverwritesInput() int    { return -1 }
func (o plusOne) WriteHash(h hash.Hash) { h.Write([]byte(fmt.Sprint("plus one, up to ", o.most))) }
func (plusOne) String() string          { return "plus one" }
func (o plusOne) Hashcode() uint32      { h := fnv.New32a(); o.WriteHash(h); return h.Sum32() }
func (plusOne) Type() hm.Type {
	v := G.TensorType{Dims: 1, Of: tensor.Int}
	return hm.NewFnType(v, v)
}
func (plusOne) InferShape(in ...G.DimSizer) (tensor.Shape, error) {
	return in[0].(tensor.Shape).Clone(), nil
}
func (o plusOne) Do(in ...G.Value) (G.Value, error) {
	x := in[0].(*tensor.Dense).Clone().(*tensor.Dense)
	for i, n := range x.Ints() {
		if n > 0 {
			x.Ints()[i] = min(n+1, o.most)
		}
	}
	return x, nil
}
