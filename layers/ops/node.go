package ops

import (
	"hash"
	"hash/fnv"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// node is the common part of forward and backward ops: it implements most of gorgonia.Op.
// The output is allocated in the first run, so that pruned ops take no memory.
type node[T Float] struct {
	buffer
	name  string // unique in the graph, since Gorgonia merges ops of equal names
	path  string
	kids  []hm.Type
	shape tensor.Shape
}

func newNode[T Float](t *Tape, name, path string, shape tensor.Shape) node[T] {
	return node[T]{buffer: buffer{tape: t, size: shape.TotalSize()}, name: name, path: path, shape: shape.Clone()}
}

// PlaceOf returns the path that the op of n was declared with, or "" if it is not an op of
// this package. The nodes of a derivative have the path of their op.
func PlaceOf(n *G.Node) string {
	if o, ok := n.Op().(interface{ place() string }); ok {
		return o.place()
	}
	return ""
}

func (n *node[T]) place() string { return n.path }

func (n *node[T]) Arity() int { return len(n.kids) }

// Type returns a new type on each call, because Gorgonia recycles types.
func (n *node[T]) Type() hm.Type {
	var ret hm.Type = G.TensorType{Dims: n.shape.Dims(), Of: dtype[T]()}
	if n.shape.Dims() == 0 {
		ret = dtype[T]()
	}
	return hm.NewFnType(append(append([]hm.Type{}, n.kids...), ret)...)
}
func (n *node[T]) InferShape(...G.DimSizer) (tensor.Shape, error) { return n.shape.Clone(), nil }
func (n *node[T]) ReturnsPtr() bool                               { return false }
func (n *node[T]) CallsExtern() bool                              { return false }
func (n *node[T]) OverwritesInput() int                           { return -1 }
func (n *node[T]) String() string                                 { return n.name }
func (n *node[T]) WriteHash(h hash.Hash)                          { h.Write([]byte(n.name)) }
func (n *node[T]) Hashcode() uint32                               { h := fnv.New32a(); n.WriteHash(h); return h.Sum32() }

// output returns the memory that this run writes the output into.
func (n *node[T]) output() []T {
	n.inOrder()
	if n.out == nil {
		n.out = tensor.New(tensor.WithShape(n.shape...), tensor.WithBacking(memory[T](&n.buffer)))
	}
	return floats[T](n.out)
}

// memory returns the memory assigned to a buffer, allocating it in the first run. Without a
// plan every buffer has its own.
func memory[T Float](s *buffer) []T {
	if s.arena == nil {
		s.arena = &arena{size: s.size}
	}
	if s.arena.memory == nil {
		s.arena.memory = claim[T](s.tape, s.arena.size)
	}
	return s.arena.memory.([]T)[s.offset : s.offset+s.size : s.offset+s.size]
}

func (n *node[T]) buffers() []*buffer { return []*buffer{&n.buffer} }
