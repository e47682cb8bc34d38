package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/internal/kernel/vec"
	"euryale/layers/stock"
)

// loopBack is the backward pass of a loop: it runs the cell and its derivative by Gorgonia from
// the last token to the first.
type loopBack[T Float] struct {
	*loop[T]
	program  *cellProgram[T]
	seed     *tensor.Dense  // gradient of the state after a step, (B, D)
	inputs   []int          // indices of the op's inputs that have a gradient
	slots    []int          // of the gradients of one step; −1: deferred
	deferred []*deferred[T] // by input; nil: each step's gradient is added
	dstate   []T            // (B, D)
}

// deferred computes the gradient of a matrix or bias after the last step, as one product over
// the rows of all steps. That takes a fraction of the time of a product for each step.
type deferred[T Float] struct {
	slots []int // of the operands of the gradient in a step
	rows  [][]T // of those operands, for all steps
	in    []arg[T]
	reads []int
	do    func(in []arg[T], out, gout []T, gin [][]T)
	flops float64
}

// newLoopBack differentiates and compiles a copy of the cell.
func newLoopBack[T Float](l *loop[T], tape *Tape) (back[T], error) {
	program, next, err := newCellProgram[T](l.body, tape)
	if err != nil {
		return back[T]{}, err
	}
	b := &loopBack[T]{loop: l, program: program}
	candidates := G.Nodes{loopState: l.Prev, loopAt: nil}
	for _, s := range l.streams {
		candidates = append(candidates, s.at)
	}
	candidates = append(candidates, l.captured...)
	reached, wrt := differentiable(next), G.Nodes{}
	for i, n := range candidates {
		if n != nil && reached[program.inputs[n]] {
			b.inputs, wrt = append(b.inputs, i), append(wrt, program.inputs[n])
		}
	}
	if len(wrt) == 0 {
		return back[T]{}, nil
	}
	seed := G.NewTensor(program.graph, next.Dtype(), 2, G.WithShape(next.Shape()...), G.WithName("seed"))
	grads, err := G.Backpropagate(G.Nodes{next}, G.Nodes{seed}, wrt)
	if err != nil {
		return back[T]{}, fmt.Errorf("the cell cannot be differentiated: %w", err)
	}
	if err := program.compile(b.outputs(grads)...); err != nil {
		return back[T]{}, err
	}
	b.seed = tensor.New(tensor.Of(dtype[T]()), tensor.WithShape(next.Shape()...))
	program.set(seed, b.seed)
	return back[T]{of: b.inputs, flops: b.flops(), do: b.run}, nil
}

// differentiable returns the nodes that n has a gradient with respect to.
func differentiable(n *G.Node) map[*G.Node]bool {
	reached := map[*G.Node]bool{n: true}
	for queue := (G.Nodes{n}); len(queue) > 0; queue = queue[1:] {
		op, ok := queue[0].Op().(G.SDOp)
		if !ok {
			continue
		}
		in := stock.Operands(queue[0])
		for i, wanted := range op.DiffWRT(len(in)) {
			if wanted && !reached[in[i]] {
				reached[in[i]] = true
				queue = append(queue, in[i])
			}
		}
	}
	return reached
}

// outputs decides which gradients are deferred, and returns the nodes that a step must compute.
func (b *loopBack[T]) outputs(grads G.Nodes) (nodes []*G.Node) {
	b.deferred = make([]*deferred[T], len(grads))
	for i, n := range grads {
		if b.deferred[i] = b.deferGrad(b.inputs[i], n); b.deferred[i] != nil {
			b.slots = append(b.slots, -1)
			nodes = append(nodes, stock.Operands(n)...)
			continue
		}
		b.slots, nodes = append(b.slots, b.program.slot(n)), append(nodes, n)
	}
	return nodes
}

// deferGrad returns the deferred form of n, the gradient of the op's i-th input, or nil if it
// must be computed at each step.
func (b *loopBack[T]) deferGrad(i int, n *G.Node) *deferred[T] {
	op, ok := n.Op().(*backOp[T])
	if !ok || op.f.k.wide == nil || len(op.picks) > 0 || op.b.reads == nil || i < loopStreams+len(b.streams) {
		return nil
	}
	wide := op.f.k.wide(b.loop.scan.rows())
	l := &deferred[T]{in: make([]arg[T], len(op.f.in)), reads: op.b.reads}
	for _, other := range wide.backs {
		if other.of[0] == op.b.of[0] {
			l.do, l.flops = other.do, other.flops
		}
	}
	for _, operand := range stock.Operands(n) {
		if operand.Dims() != 2 || operand.Shape()[0] != b.Sequences {
			return nil
		}
		l.slots = append(l.slots, b.program.slot(operand))
	}
	l.rows = make([][]T, len(l.slots))
	return l
}

// flops returns the operations of the products of all steps, and of those that are deferred.
func (b *loopBack[T]) flops() float64 {
	sum := float64(b.steps) * b.program.flops()
	for _, l := range b.deferred {
		if l != nil {
			sum += l.flops
		}
	}
	return sum
}

// run computes the gradients, from the last step to the first.
func (b *loopBack[T]) run(in []arg[T], out, dout []T, gin [][]T) {
	b.bind(b.program, in)
	if b.dstate == nil {
		b.dstate = make([]T, b.Sequences*b.hidden)
	}
	clear(b.dstate)
	for i, g := range gin {
		if b.inputs[i] >= loopStreams+len(b.streams) {
			clear(g)
		}
	}
	for k := b.steps - 1; k >= 0; k-- {
		b.stepBack(k, in, out, dout, gin)
	}
	for i, l := range b.deferred {
		switch {
		case l != nil:
			l.finish(gin[i])
		case b.inputs[i] == loopState:
			copy(gin[i], b.dstate)
		}
	}
}

// stepBack replaces dstate, the gradient of the state after step k, by that of the state before
// it, and adds up the gradients of the other inputs.
func (b *loopBack[T]) stepBack(k int, in []arg[T], out, dout []T, gin [][]T) {
	h := b.hidden
	b.setStep(k)
	accumulate(b.scan, k, b.dstate, dout, h, 0, h)
	if k > 0 {
		gather(b.scan, k-1, floats[T](b.state), out, h)
	} else {
		copy(floats[T](b.state), in[loopState].X)
	}
	b.loadTokens(b.program, k, in)
	seed, at := floats[T](b.seed), in[loopAt].I
	copy(seed, b.dstate)
	b.runs(k, at, func(int, int) {}, func(from, to int) { clear(span(seed, from, to, h)) })
	must(b.program.run())
	b.runs(k, at, func(from, to int) { clear(span(b.dstate, from, to, h)) }, func(int, int) {})
	for i, input := range b.inputs {
		switch g := b.gradient(i); {
		case g == nil:
			b.deferred[i].store(b.program, k, b.steps)
		case input == loopState:
			b.runs(k, at, func(from, to int) { copy(span(b.dstate, from, to, h), span(g, from, to, h)) }, func(int, int) {})
		case input < loopStreams+len(b.streams):
			w := len(g) / b.Sequences
			scatter(b.scan, k, gin[i], w, 0, g, w)
		default:
			vec.Add(gin[i], gin[i], g)
		}
	}
}

// gradient returns the gradient of input inputs[i] at this step, or nil if it is deferred.
func (b *loopBack[T]) gradient(i int) []T {
	if b.slots[i] < 0 {
		return nil
	}
	return values[T](b.program.values[b.slots[i]])
}

// store saves the operands of step k.
func (l *deferred[T]) store(p *cellProgram[T], k, steps int) {
	for i, slot := range l.slots {
		v := values[T](p.values[slot])
		if l.rows[i] == nil {
			l.rows[i] = claim[T](p.tape, steps*len(v))
		}
		copy(nth(l.rows[i], k, len(v)), v)
	}
}

// finish computes the gradient from the rows of all steps.
func (l *deferred[T]) finish(gin []T) {
	for i, input := range l.reads {
		l.in[input] = arg[T]{X: l.rows[i]}
	}
	l.do(l.in, nil, l.rows[len(l.rows)-1], [][]T{gin})
}
