package modeltest_test

import (
	"errors"
	"hash"
	"hash/fnv"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// wrongSquare is x² in float64, with the derivative x in place of 2x.
type wrongSquare struct{}

func (wrongSquare) Arity() int            { return 1 }
func (wrongSquare) ReturnsPtr() bool      { return false }
func (wrongSquare) CallsExtern() bool     { return false }
func (wrongSquare) OverwritesInput() int  { return -1 }
func (wrongSquare) WriteHash(h hash.Hash) { h.Write([]byte("wrong square")) }
func (wrongSquare) String() string        { return "wrong square" }

func (wrongSquare) Hashcode() uint32 {
	h := fnv.New32a()
	wrongSquare{}.WriteHash(h)
	return h.Sum32()
}

func (wrongSquare) Type() hm.Type {
	a := hm.TypeVariable('a')
	return hm.NewFnType(G.TensorType{Dims: 2, Of: a}, G.TensorType{Dims: 2, Of: a})
}

func (wrongSquare) InferShape(in ...G.DimSizer) (tensor.Shape, error) {
	s, ok := in[0].(tensor.Shape)
	if !ok {
		return nil, errors.New("want a shape")
	}
	return s.Clone(), nil
}

func (wrongSquare) Do(in ...G.Value) (G.Value, error) { return tensor.Square(in[0].(*tensor.Dense)) }

func (wrongSquare) DiffWRT(int) []bool { return []bool{true} }

func (wrongSquare) SymDiff(in G.Nodes, _, grad *G.Node) (G.Nodes, error) {
	n, err := G.HadamardProd(in[0], grad)
	return G.Nodes{n}, err
}
