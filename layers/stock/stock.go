// Package stock records which stock ops of Gorgonia are correct, and refuses the nodes of a graph
// that are not. The verdicts come from a survey that this package's tests repeat: the value and
// gradient of every exported function of Gorgonia v0.9.18 that makes nodes, on axes of fewer and
// of more than 256 elements, in float32 and float64. docs/gorgonia.md has the table.
package stock

// Verdict is a result of the survey.
type Verdict string

// Verdicts of the survey.
const (
	Right   Verdict = "right"   // right in value and gradient
	Slow    Verdict = "slow"    // right, and slower than what to use instead
	Limited Verdict = "limited" // right within limits, refused beyond them
	Refuse  Verdict = "refused" // wrong for some operands or in every case
)

// Op is the verdict on one exported function of package gorgonia.
type Op struct {
	Name    string
	Verdict Verdict
	Why     string // of every verdict but Right
	Instead string // helpers to use, by their full names, with commas
	Unseen  string // errors that Check cannot find
}

// Find returns the verdict on a function of package gorgonia, or nil.
func Find(name string) *Op {
	for i := range Table {
		if Table[i].Name == name {
			return &Table[i]
		}
	}
	return nil
}

const (
	repeats   = "the smaller operand is repeated in memory"
	noDeriv   = "a mask without a derivative"
	textual   = "tensors that print alike are merged, and of long ones %v prints a few elements"
	pooling   = "right, but no op of language models"
	shared    = "result and operand share memory, which later ops overwrite"
	convolved = "made of Reshapes; two that differ only in dilation are merged"
	overflow  = "overflows where rows differ in magnitude; along the only column of (n, 1) it normalises the rows"
	unnamed   = "nodes without a name, or of one name and shape, are merged"
	unseeded  = "nodes of one shape and distribution are merged; no seed"
)

// Table holds the verdicts, sorted by name.
var Table = []Op{
	{Name: "Abs", Verdict: Right, Instead: "layers.Abs"},
	{Name: "Add", Verdict: Right, Instead: "layers.Add"},
	{Name: "ApplyOp", Verdict: Right},
	{Name: "ApplyOpWithName", Verdict: Right},
	{Name: "At", Verdict: Refuse, Why: "computes nothing: its value is that of its operand; no derivative", Instead: "layers.Columns"},
	{Name: "Auto", Verdict: Slow, Why: repeats, Instead: "layers.Add, layers.Sub, layers.Mul, layers.Div"},
	{Name: "AveragePool1D", Verdict: Refuse, Why: "computes the maximum", Unseen: "its node is that of MaxPool1D"},
	{Name: "AveragePool2D", Verdict: Refuse, Why: "wrong gradient; wrong value on wide inputs"},
	{Name: "Backpropagate", Verdict: Right},
	{Name: "BatchNorm", Verdict: Refuse, Why: "two that differ in momentum or epsilon beyond the first decimal are merged; statistics are in no checkpoint", Instead: "layers.LayerNorm"},
	{Name: "BatchedMatMul", Verdict: Slow, Why: "one product after the other, each with slices of its operands", Instead: "layers.MatMul, layers.MatMulT, layers.TMatMul"},
	{Name: "BinaryXent", Verdict: Refuse, Why: "removes a node from the graph, which then finds other nodes by their numbers", Instead: "layers.Log, layers.Mul, layers.Sub"},
	{Name: "BinomialRandomNode", Verdict: Refuse, Why: unseeded, Instead: "layers.Dropout"},
	{Name: "Broadcast", Verdict: Slow, Why: repeats, Instead: "layers.Add, layers.Sub, layers.Mul, layers.Div"},
	{Name: "BroadcastAdd", Verdict: Slow, Why: repeats, Instead: "layers.Add"},
	{Name: "BroadcastEq", Verdict: Slow, Why: repeats + "; " + noDeriv, Instead: "layers.Where"},
	{Name: "BroadcastGt", Verdict: Slow, Why: repeats + "; " + noDeriv, Instead: "layers.Where"},
	{Name: "BroadcastGte", Verdict: Slow, Why: repeats + "; " + noDeriv, Instead: "layers.Where"},
	{Name: "BroadcastHadamardDiv", Verdict: Slow, Why: repeats, Instead: "layers.Div"},
	{Name: "BroadcastHadamardProd", Verdict: Slow, Why: repeats, Instead: "layers.Mul"},
	{Name: "BroadcastLt", Verdict: Slow, Why: repeats + "; " + noDeriv, Instead: "layers.Where"},
	{Name: "BroadcastLte", Verdict: Slow, Why: repeats + "; " + noDeriv, Instead: "layers.Where"},
	{Name: "BroadcastNe", Verdict: Slow, Why: repeats + "; " + noDeriv, Instead: "layers.Where"},
	{Name: "BroadcastPow", Verdict: Slow, Why: repeats},
	{Name: "BroadcastSub", Verdict: Slow, Why: repeats, Instead: "layers.Sub"},
	{Name: "ByIndices", Verdict: Limited, Why: "right on rows; wrong gradient on vectors; along other axes wrong, or the process ends", Instead: "layers.Gather, layers.Embedding", Unseen: "an index out of range"},
	{Name: "CTCLoss", Verdict: Refuse, Why: "no op can read its value; reductions are merged"},
	{Name: "Ceil", Verdict: Right, Why: "no derivative"},
	{Name: "Concat", Verdict: Limited, Why: "wrong gradient on results longer than 256; of one value it overwrites the value", Instead: "layers.Concat"},
	{Name: "Conv1d", Verdict: Refuse, Why: convolved, Instead: "layers.CausalConv"},
	{Name: "Conv2d", Verdict: Refuse, Why: convolved, Instead: "layers.CausalConv"},
	{Name: "ConvType", Verdict: Limited, Why: "right to and from integers; between float32 and float64 it fails when it runs"},
	{Name: "Cos", Verdict: Right},
	{Name: "Cube", Verdict: Right},
	{Name: "DiagFlat", Verdict: Limited, Why: "no other op takes its result; no derivative"},
	{Name: "Div", Verdict: Limited, Why: "panics when shapes differ", Instead: "layers.Div"},
	{Name: "Dropout", Verdict: Refuse, Why: "gradient scaled by 1/p instead of 1/(1-p); no seed; two on one value are merged", Instead: "layers.Dropout"},
	{Name: "Eq", Verdict: Right, Why: noDeriv, Instead: "layers.Where"},
	{Name: "Exp", Verdict: Right, Instead: "layers.Exp"},
	{Name: "Expm1", Verdict: Right},
	{Name: "Floor", Verdict: Right, Why: "no derivative"},
	{Name: "GaussianRandomNode", Verdict: Refuse, Why: unseeded, Instead: "layers.Dropout"},
	{Name: "GlobalAveragePool2D", Verdict: Refuse, Why: "its derivative panics", Instead: "layers.MeanColumns"},
	{Name: "Grad", Verdict: Limited, Why: "right once in a graph: a second call for a cost that shares a value with the first returns the first one's derivatives", Unseen: "the second call"},
	{Name: "GroupNorm", Verdict: Refuse, Why: "its derivative prints whole tensors to the log", Instead: "layers.LayerNorm"},
	{Name: "Gt", Verdict: Right, Why: noDeriv, Instead: "layers.Where"},
	{Name: "Gte", Verdict: Right, Why: noDeriv, Instead: "layers.Where"},
	{Name: "HadamardDiv", Verdict: Right, Instead: "layers.Div"},
	{Name: "HadamardProd", Verdict: Right, Instead: "layers.Mul"},
	{Name: "Im2Col", Verdict: Limited, Why: "right without dilation: two that differ only in dilation are merged", Instead: "layers.CausalConv", Unseen: "the second of such two"},
	{Name: "Inverse", Verdict: Right},
	{Name: "InverseSqrt", Verdict: Refuse, Why: "wrong gradient", Instead: "layers.Sqrt, layers.Div"},
	{Name: "KeepDims", Verdict: Refuse, Why: "a Reshape: right only as long as nothing else reads what it reshapes", Instead: "layers.SumColumns, layers.MeanColumns, layers.MaxColumns"},
	{Name: "LeakyRelu", Verdict: Right},
	{Name: "Log", Verdict: Limited, Why: "right, except that of a SoftMax it turns that node into its logarithm, and of a 1+x after BinaryXent it frees that node", Instead: "layers.Log"},
	{Name: "Log1p", Verdict: Right},
	{Name: "Log2", Verdict: Refuse, Why: "wrong gradient", Instead: "layers.Log, layers.Scale"},
	{Name: "LogSoftMax", Verdict: Refuse, Why: overflow + "; merged with SoftMax of the same value", Instead: "layers.CrossEntropy, layers.Softmax, layers.Log"},
	{Name: "LogSumExp", Verdict: Refuse, Why: "does not build on matrices; wrong value on vectors", Instead: "layers.Exp, layers.SumColumns, layers.Log"},
	{Name: "Lt", Verdict: Right, Why: noDeriv, Instead: "layers.Where"},
	{Name: "Lte", Verdict: Right, Why: noDeriv, Instead: "layers.Where"},
	{Name: "Max", Verdict: Right, Instead: "layers.MaxColumns"},
	{Name: "MaxBetween", Verdict: Limited, Why: "right on equal shapes; fails on single values", Instead: "layers.Max"},
	{Name: "MaxPool1D", Verdict: Right, Why: pooling},
	{Name: "MaxPool2D", Verdict: Right, Why: pooling},
	{Name: "Mean", Verdict: Right, Instead: "layers.MeanRows, layers.MeanColumns"},
	{Name: "MinBetween", Verdict: Limited, Why: "right on equal shapes; fails on single values", Instead: "layers.Min"},
	{Name: "Mish", Verdict: Right},
	{Name: "Mul", Verdict: Right, Why: "Gorgonia finds a vector that does not fit only when it runs: refused before", Instead: "layers.MatMul, layers.Linear"},
	{Name: "Ne", Verdict: Right, Why: noDeriv, Instead: "layers.Where"},
	{Name: "Neg", Verdict: Right, Instead: "layers.Neg"},
	{Name: "NewAdaGradSolver", Verdict: Refuse, Why: "ignores its learning rate", Instead: "training.NewUpdater", Unseen: "it is no node"},
	{Name: "NewAdamSolver", Verdict: Right, Instead: "training.NewUpdater"},
	{Name: "NewAdamW", Verdict: Refuse, Why: "changes no weight", Instead: "training.NewUpdater", Unseen: "it is no node"},
	{Name: "NewConstant", Verdict: Limited, Why: textual + "; float32 and float64 of one value are merged", Unseen: "two constants of one name given with WithName"},
	{Name: "NewMatrix", Verdict: Limited, Why: unnamed, Unseen: "the second declaration returns the first node"},
	{Name: "NewMomentum", Verdict: Right, Instead: "training.NewUpdater"},
	{Name: "NewRMSPropSolver", Verdict: Right, Instead: "training.NewUpdater"},
	{Name: "NewScalar", Verdict: Limited, Why: unnamed, Unseen: "the second declaration returns the first node"},
	{Name: "NewTensor", Verdict: Limited, Why: unnamed, Unseen: "the second declaration returns the first node"},
	{Name: "NewVanillaSolver", Verdict: Right, Instead: "training.NewUpdater"},
	{Name: "NewVector", Verdict: Limited, Why: unnamed, Unseen: "the second declaration returns the first node"},
	{Name: "Norm", Verdict: Limited, Why: "right with p = 2; otherwise it takes no absolute values", Instead: "layers.Square, layers.SumColumns, layers.Sqrt", Unseen: "its nodes are those of Pow and Sum"},
	{Name: "OneHotVector", Verdict: Limited, Why: textual, Instead: "layers.Gather"},
	{Name: "OuterProd", Verdict: Refuse, Why: "wrong gradient, or none where sizes differ", Instead: "layers.MatMul"},
	{Name: "Pow", Verdict: Right},
	{Name: "Ravel", Verdict: Refuse, Why: shared},
	{Name: "Read", Verdict: Right},
	{Name: "Rectify", Verdict: Right, Instead: "layers.ReLU"},
	{Name: "ReduceAdd", Verdict: Right, Instead: "layers.Add"},
	{Name: "ReduceMul", Verdict: Right, Instead: "layers.MatMul"},
	{Name: "Reshape", Verdict: Refuse, Why: shared},
	{Name: "Set", Verdict: Refuse, Why: "the machine does not run it"},
	{Name: "Sigmoid", Verdict: Right, Instead: "layers.Sigmoid"},
	{Name: "Sign", Verdict: Right, Why: "no derivative"},
	{Name: "Sin", Verdict: Right},
	{Name: "SizeOf", Verdict: Right, Why: "no derivative"},
	{Name: "Slice", Verdict: Limited, Why: "wrong ranges of axes longer than 256; fails where the step does not divide the range, or where one element of a matrix is left", Instead: "layers.Columns, layers.Rows"},
	{Name: "SoftMax", Verdict: Refuse, Why: overflow, Instead: "layers.Softmax"},
	{Name: "Softplus", Verdict: Right},
	{Name: "Sparsemax", Verdict: Limited, Why: "right over the columns of a matrix; wrong with an axis; no gradient on more axes"},
	{Name: "Sqrt", Verdict: Right, Instead: "layers.Sqrt"},
	{Name: "Square", Verdict: Right, Instead: "layers.Square"},
	{Name: "Sub", Verdict: Right, Instead: "layers.Sub"},
	{Name: "Sum", Verdict: Right, Instead: "layers.SumRows, layers.SumColumns"},
	{Name: "Tanh", Verdict: Right, Instead: "layers.Tanh"},
	{Name: "Tensordot", Verdict: Slow, Why: "copies and transposes both operands", Instead: "layers.MatMul, layers.MatMulT, layers.TMatMul"},
	{Name: "Transpose", Verdict: Right, Why: "copies", Instead: "layers.MatMulT, layers.TMatMul"},
	{Name: "Unconcat", Verdict: Limited, Why: "it is Slice", Instead: "layers.Columns"},
	{Name: "UniformRandomNode", Verdict: Refuse, Why: unseeded, Instead: "layers.Dropout"},
	{Name: "Upsample2D", Verdict: Right, Why: pooling},
	{Name: "YOLOv3", Verdict: Refuse, Why: "no derivative"},
}
