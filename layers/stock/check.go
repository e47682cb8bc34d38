package stock

import (
	"fmt"
	"strings"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Refused is the error of a node whose value or gradient Gorgonia computes wrongly.
type Refused struct {
	Op      string         // function of package gorgonia
	Why     string         // what is wrong
	Instead string         // what to use; empty if there is nothing
	Shapes  []tensor.Shape // of the operands
}

func (e *Refused) Error() string {
	text := e.Op
	for i, s := range e.Shapes {
		text += []string{" of ", " and "}[min(i, 1)] + fmt.Sprint(s)
	}
	text += ": " + e.Why
	if e.Instead != "" {
		text += "; use " + e.Instead
	}
	return text
}

// Check returns a *Refused if n, a node of a forward pass, is one that Gorgonia computes
// wrongly, and nil for all others and for ops that are not Gorgonia's. It depends on n's op, its
// operands and, for Reshape, the nodes that read it: check a graph when it is complete.
func Check(n *G.Node) error {
	if n.Op() == nil || n.Graph() == nil {
		return nil
	}
	if f := forward[fmt.Sprintf("%T", n.Op())]; f != nil {
		return refuse(n, f)
	}
	return CheckDerivative(n)
}

// CheckDerivative is Check for the nodes that gorgonia.Grad has added to a graph. There a
// Reshape and an OuterProd are right, which Grad makes itself.
func CheckDerivative(n *G.Node) error {
	if n.Op() == nil || n.Graph() == nil {
		return nil
	}
	if n.Graph().Node(n.ID()) != n {
		return refuse(n, wrong("Log", "of a 1+x made by BinaryXent or Grad, it removes that node, and the graph then finds other nodes by their numbers"))
	}
	if f := always[fmt.Sprintf("%T", n.Op())]; f != nil {
		return refuse(n, f)
	}
	return nil
}

func refuse(n *G.Node, f rule) error {
	operands := Operands(n)
	op, why := f(n, operands)
	if why == "" {
		return nil
	}
	e := &Refused{Op: op, Why: why}
	if row := Find(op); row != nil {
		e.Instead = row.Instead
	}
	for _, c := range operands {
		e.Shapes = append(e.Shapes, c.Shape())
	}
	return e
}

// rule returns the function of package gorgonia that made n, and what is wrong with n, or "".
type rule func(n *G.Node, operands G.Nodes) (op, why string)

// wrong refuses every node of an op.
func wrong(op, why string) rule {
	return func(*G.Node, G.Nodes) (string, string) { return op, why }
}

// forward are rules for ops of a forward pass, by the type of the op.
var forward = map[string]rule{
	"gorgonia.reshapeOp":   reshape,
	"gorgonia.linAlgBinOp": product,
}

// always are rules that hold in a forward pass and in a derivative.
var always = map[string]rule{
	"*gorgonia.sliceOp":             slice,
	"gorgonia.sliceIncrOp":          slice,
	"gorgonia.concatOp":             concat,
	"*gorgonia.softmaxOp":           softmax,
	"gorgonia.elemUnaryOp":          pointwise,
	"gorgonia.elemBinOp":            pair,
	"gorgonia.minBetween":           between("MinBetween"),
	"gorgonia.maxBetween":           between("MaxBetween"),
	"*gorgonia.byIndicesOp":         byIndices,
	"*gorgonia.sparsemaxOp":         sparse,
	"*gorgonia.dtConvOp":            convType,
	"gorgonia.im2colOp":             im2col,
	"gorgonia.constantTensor":       constant,
	"gorgonia.atOp":                 wrong("At", "it is a statement to Gorgonia and computes nothing"),
	"*gorgonia.dropoutOp":           wrong("Dropout", "its gradient is scaled by 1/p instead of 1/(1-p), and its mask follows no seed"),
	"*gorgonia.GroupNormOp":         wrong("GroupNorm", "its derivative prints whole tensors to the log"),
	"*gorgonia.BatchNormOp":         wrong("BatchNorm", "two that differ in momentum or epsilon beyond the first decimal are merged, and its statistics are in no checkpoint"),
	"*gorgonia.avgPoolOp":           wrong("AveragePool2D", "its gradient is wrong, and its value on wide inputs"),
	"*gorgonia.globalAveragePoolOp": wrong("GlobalAveragePool2D", "its derivative panics"),
	"*gorgonia.ctcLossOp":           wrong("CTCLoss", "its value cannot be read by other ops, and losses that differ in their reduction are merged"),
	"*gorgonia.yoloOp":              wrong("YOLOv3", "it has no derivative"),
	"gorgonia.randomOp":             wrong("UniformRandomNode", "random nodes of one shape and distribution are merged, and follow no seed"),
	"gorgonia.letOp":                wrong("Set", "the machine does not run it"),
}

// reshape accepts reshapes made by BroadcastAdd and similar functions, which only repeats read.
func reshape(n *G.Node, _ G.Nodes) (string, string) {
	by := readers(n)
	for _, r := range by {
		switch fmt.Sprintf("%T", r.Op()) {
		case "*gorgonia.repeatOp", "gorgonia.sizeOp":
		default:
			return "Reshape", aliased
		}
	}
	if len(by) == 0 {
		return "Reshape", aliased
	}
	return "Reshape", ""
}

const aliased = "its result shares memory with its operand, which later ops then overwrite"

// product finds operands whose shapes do not match, which Gorgonia checks for two matrices only,
// and outer products.
func product(n *G.Node, operands G.Nodes) (op, why string) {
	a, b := operands[0].Shape(), operands[1].Shape()
	kind := n.Op().String()
	switch {
	case strings.Contains(kind, "⊗"):
		return "OuterProd", "its derivative is wrong"
	case strings.Contains(kind, "×××"):
		if inner(a, !flag(n.Op(), "transA")) != inner(b, flag(n.Op(), "transB")) {
			why = misfit
		}
		return "BatchedMatMul", why
	case a.Dims() == 1 && b.Dims() == 1 && a[0] != b[0], a.Dims() == 2 && b.Dims() == 1 && inner(a, !flag(n.Op(), "transA")) != b[0]:
		why = misfit
	}
	return "Mul", why
}

const misfit = "inner sizes differ, which Gorgonia finds when it runs"

// inner returns the size of the last axis, or of the one before it.
func inner(s tensor.Shape, last bool) int {
	if last {
		return s[len(s)-1]
	}
	return s[len(s)-2]
}

// longest is the longest axis on which Gorgonia distinguishes all slices: it hashes start, end
// and step modulo 256.
const longest = 256

func slice(n *G.Node, operands G.Nodes) (op, why string) {
	op = "Slice"
	shape := operands[0].Shape()
	axis := field(n.Op(), "along")
	s := n.Op().(interface{ IsSlice() tensor.Slice }).IsSlice()
	switch {
	case shape[axis] > longest:
		why = "Gorgonia takes wrong ranges of axes longer than 256"
	case s == nil:
	case s.Step() > 1 && (s.End()-s.Start())%s.Step() != 0:
		why = "the node's shape is not that of its value, since the step does not divide the range"
	case s.End()-s.Start() == 1 && shape.Dims() > 1 && shape.TotalSize() == shape[axis]:
		why = "the node is a vector and its value is not, since one element is left"
	}
	return op, why
}

func concat(n *G.Node, operands G.Nodes) (op, why string) {
	switch {
	case len(operands) == 1:
		why = "of one value it returns that value's memory, which later ops then overwrite"
	case n.Shape()[field(n.Op(), "axis")] > longest:
		why = "its gradient takes wrong ranges of axes longer than 256"
	}
	return "Concat", why
}

func softmax(n *G.Node, _ G.Nodes) (op, why string) {
	if flag(n.Op(), "isLog") {
		return "LogSoftMax", "it overflows where rows differ in magnitude, and SoftMax of the same value is merged with it"
	}
	return "SoftMax", "it overflows where rows differ in magnitude"
}

func pointwise(n *G.Node, operands G.Nodes) (op, why string) {
	switch n.Op().String() {
	case "log2":
		return "Log2", "its gradient is too small, by a factor of ln²2"
	case "invSqrt":
		return "InverseSqrt", "its gradient is g/(2y³) instead of g·y³/2"
	case "ln":
		if isLogSumExp(operands[0]) {
			return "LogSumExp", "it computes log(Σexp(x-m)+m) instead of log(Σexp(x-m))+m"
		}
	}
	return "", ""
}

// isLogSumExp reports whether n is Σexp(…)+max(…), the operand of the logarithm in LogSumExp.
func isLogSumExp(n *G.Node) bool {
	terms := Operands(n)
	if len(terms) != 2 || fmt.Sprintf("%T", terms[1].Op()) != "*gorgonia.maxOp" || fmt.Sprintf("%T", terms[0].Op()) != "gorgonia.sumOp" {
		return false
	}
	summed := Operands(terms[0])[0]
	return summed.Op() != nil && summed.Op().String() == "exp"
}

// pair finds constants of the wrong type: Gorgonia identifies constants by their printed value,
// so that a float64 2 replaces a float32 2.
func pair(n *G.Node, operands G.Nodes) (op, why string) {
	if operands[0].Dtype() == operands[1].Dtype() {
		return "", ""
	}
	return "NewConstant", fmt.Sprintf("a constant of one value in %v and %v is merged into one", operands[0].Dtype(), operands[1].Dtype())
}

func between(op string) rule {
	return func(n *G.Node, _ G.Nodes) (string, string) {
		if n.IsScalar() {
			return op, "it fails on single values when it runs"
		}
		return op, ""
	}
}

func byIndices(n *G.Node, operands G.Nodes) (op, why string) {
	switch {
	case operands[0].Dims() == 1:
		why = "its gradient is wrong on vectors"
	case field(n.Op(), "axis") != 0:
		why = "along axes other than 0 its gradient is wrong or ends the process"
	}
	return "ByIndices", why
}

func sparse(n *G.Node, operands G.Nodes) (op, why string) {
	switch {
	case field(n.Op(), "axis") != -1:
		why = "it takes an axis and computes something else"
	case operands[0].Dims() > 2:
		why = "its derivative fails on more than two axes"
	}
	return "Sparsemax", why
}

func convType(n *G.Node, operands G.Nodes) (op, why string) {
	if operands[0].Dtype() != tensor.Int && n.Dtype() != tensor.Int {
		why = "it converts to and from integers only, and fails when it runs"
	}
	return "ConvType", why
}

func im2col(n *G.Node, _ G.Nodes) (op, why string) {
	if field(n.Op(), "dilationH") != 1 || field(n.Op(), "dilationW") != 1 {
		why = "convolutions that differ only in dilation are merged"
	}
	return "Im2Col", why
}

// constant refuses large tensors, which Gorgonia identifies by the part that it prints.
func constant(n *G.Node, _ G.Nodes) (op, why string) {
	if strings.Contains(n.Name(), " ... ") || strings.Contains(n.Name(), "⋮") || strings.Contains(n.Name(), "\n.") {
		why = "Gorgonia tells constants apart by what %v prints, which leaves out most of a long one"
	}
	return "NewConstant", why
}
