package ops

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"

	"euryale/layers/stock"
)

// FlopsOf returns the floating-point operations of the products that a run of n computes: those
// of matrices, attention and convolutions. Of a masked product it counts the values that are
// not masked. Other arithmetic is not counted.
func FlopsOf(n *G.Node) float64 {
	if op, ok := n.Op().(interface{ work() float64 }); ok {
		return op.work()
	}
	return stockFlops(n)
}

func (o *op[T]) work() float64     { return o.k.flops }
func (b *backOp[T]) work() float64 { return b.b.flops }

// stockFlops returns the operations of a product of Gorgonia's: with N·K, K·M and N·M values of
// the operands and the result, 2·N·K·M is twice the square root of their product, whichever
// operand is transposed. A batched product is one for each matrix.
func stockFlops(n *G.Node) float64 {
	if n.Op() == nil {
		return 0
	}
	switch fmt.Sprintf("%T", n.Op()) {
	case "gorgonia.linAlgBinOp", "*gorgonia.tensordotOp", "gorgonia.tensordotOp":
	default:
		return 0
	}
	product, batch := float64(n.Shape().TotalSize()), 1
	for _, operand := range stock.Operands(n) {
		product *= float64(operand.Shape().TotalSize())
	}
	if operand := stock.Operands(n)[0]; operand.Dims() > 2 && n.Dims() == operand.Dims() {
		for _, d := range n.Shape()[:n.Dims()-2] {
			batch *= d
		}
	}
	return 2 * math.Round(math.Sqrt(product/float64(batch)))
}

// BytesOf returns the memory that a run of n reads and writes: its operands and its result,
// once each.
func BytesOf(n *G.Node) float64 {
	if n.Op() == nil {
		return 0
	}
	bytes := sizeOf(n)
	switch n.Op().(type) {
	case *pickOp[float32], *pickOp[float64]: // the op that computes it reads the operands
		return bytes
	}
	for i, operand := range stock.Operands(n) {
		if op, ok := n.Op().(interface{ sparse() bool }); ok && i == 0 && op.sparse() {
			bytes += sizeOf(n)
			continue
		}
		bytes += sizeOf(operand)
	}
	return bytes
}

func sizeOf(n *G.Node) float64 { return float64(n.Shape().TotalSize()) * float64(n.Dtype().Size()) }

func (o *op[T]) sparse() bool { return o.k.rows }
