package models

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/layers"
	"euryale/layers/graph"
)

// Program is a graph compiled for Gorgonia's tape machine.
type Program struct {
	*graph.Graph
	vm      G.VM
	run     func() error        // runs all instructions of vm
	values  map[string]*G.Value // outputs of the last run, by name
	grads   G.Nodes             // by parameter, in a training program
	order   G.Nodes             // of the instructions
	trace   func()              // has later runs keep a copy of every node's value in the node
	passing bool
	timed   *timed // what Options.Timed asks for
	watch   watch  // of gradients
}

// Options holds the settings of a training program.
type Options struct {
	Smoothing float64 // label smoothing ε of the loss
	Passing   bool    // gradients are kept until WatchGradients has passed them on, and no longer
	Timed     bool    // the time of every op is measured: see Program.Timings
}

// Train compiles the program that computes the loss and its gradients.
func Train(m Model, w *graph.Weights, f graph.Frame, o Options) (*Program, error) {
	f.Gradient = true
	return compile(m, w, f, o, []string{"loss"})
}

// Score compiles the program that computes the loss of each row ("losses"), their mean ("loss")
// and the given taps. The tap "logits" is (B·T, V).
func Score(m Model, w *graph.Weights, f graph.Frame, taps ...string) (*Program, error) {
	f.Whole = true
	return compile(m, w, f, Options{}, append([]string{"losses", "loss"}, taps...))
}

// Inspect compiles Train's program, or one of the logits if f has no Gradient, and reads the nodes
// that choose returns, by the names that it gives them. It is called when the graph is complete,
// with the nodes of the derivative.
func Inspect(m Model, w *graph.Weights, f graph.Frame, choose func(g *graph.Graph) map[string]*G.Node) (*Program, error) {
	output := "logits"
	if f.Gradient {
		output = "loss"
	}
	return compileWith(m, w, f, Options{}, []string{output}, choose)
}

// Decode compiles the program that reads tokens into f.Memory and computes the logits after each
// sequence's last token ("logits", (B, V)) and the given taps.
func Decode(m Model, w *graph.Weights, f graph.Frame, taps ...string) (*Program, error) {
	if f.Memory == nil {
		return nil, errors.New("models: a decoding program needs a memory")
	}
	return compile(m, w, f, Options{}, append([]string{"logits"}, taps...))
}

// Encode compiles the program that reads sources into f.Memory. It runs the encoder only.
func Encode(m Model, w *graph.Weights, f graph.Frame, taps ...string) (*Program, error) {
	f.Encode = true
	if f.T == 0 {
		f.T = 1 // the decoder is declared but not run
	}
	return compile(m, w, f, Options{}, append([]string{"logits"}, taps...))
}

// NewMemory allocates memory for sequences of a model, of up to capacity tokens each, with
// sources of up to s tokens.
func NewMemory(m Model, w *graph.Weights, sequences, capacity, s int) (*graph.Memory, error) {
	mem := graph.NewMemory(sequences, capacity)
	_, err := graph.Build(w, graph.Frame{B: sequences, T: 1, S: s, Memory: mem}, func(s *layers.Scope) { logitsOf(m, s) })
	return mem, err
}

func compile(m Model, w *graph.Weights, f graph.Frame, o Options, outputs []string) (*Program, error) {
	return compileWith(m, w, f, o, outputs, nil)
}

// compileWith compiles the program that computes the outputs, and the nodes that choose returns
// unless it is nil.
func compileWith(m Model, w *graph.Weights, f graph.Frame, o Options, outputs []string, choose func(g *graph.Graph) map[string]*G.Node) (*Program, error) {
	g, objective, err := build(m, w, f, o)
	if err != nil {
		return nil, err
	}
	p := &Program{Graph: g, values: map[string]*G.Value{}, passing: o.Passing}
	var nodes G.Nodes
	if f.Gradient {
		if p.grads, err = G.Grad(objective, g.Params()...); err != nil {
			return nil, fmt.Errorf("models: cannot differentiate the loss: %w", cause(err))
		}
		if err := g.CheckDerivatives(); err != nil {
			return nil, err
		}
		nodes = append(nodes, p.grads...)
		for _, l := range g.Losses() {
			outputs = append(outputs, l.Name)
		}
	}
	for _, name := range outputs {
		n, err := g.Tap(name)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	if o.Timed {
		if nodes, err = p.timeOps(nodes); err != nil {
			return nil, err
		}
	}
	hashes := map[uint32]bool{}
	take := func(h uint32) bool { was := hashes[h]; hashes[h] = true; return !was }
	for _, n := range nodes[0].Graph().AllNodes() {
		take(n.Hashcode())
	}
	for i, name := range outputs {
		at := len(p.grads) + i
		nodes[at], p.values[name] = read(nodes[at], take)
	}
	if choose != nil {
		chosen := choose(g)
		for _, name := range slices.Sorted(maps.Keys(chosen)) {
			r, v := read(chosen[name], take)
			p.values[name], nodes = v, append(nodes, r)
		}
	}
	return p, p.machine(nodes)
}

// Declared returns the graph of a program that Score compiles for the frame, or Decode if the frame
// has a memory, for reading what its layers declare.
func Declared(m Model, w *graph.Weights, f graph.Frame) (*graph.Graph, error) {
	g, _, err := build(m, w, f, Options{})
	return g, err
}

// build declares the graph of a program. It returns also what training minimises, or nil if the
// program computes no loss.
func build(m Model, w *graph.Weights, f graph.Frame, o Options) (g *graph.Graph, objective *G.Node, err error) {
	g, err = graph.Build(w, f, func(s *layers.Scope) {
		logits := s.Answer(logitsOf(m, s))
		switch {
		case f.Encode: // logits are a state then
			s.Edit(nil)
		case f.Memory != nil && !f.Whole && !f.Gradient:
			s = s.WithLastRows()
		}
		logits = s.Tap("logits", logits)
		if !f.Encode && (f.Memory == nil || f.Whole || f.Gradient) {
			loss := layers.MeanLoss(s, s.Tap("losses", rowLosses(m, s, logits, o)))
			s.Tap("loss", loss)
			objective = s.Objective(loss)
		}
	})
	return g, objective, err
}

// rowLosses declares the loss of each row: cross-entropy, or in training the model's custom loss.
//
//	logits: (B·T, V) → (B·T)
func rowLosses(m Model, s *layers.Scope, logits *G.Node, o Options) *G.Node {
	own, ok := m.(WithLoss)
	if !ok || !s.Frame().Gradient {
		return layers.CrossEntropy(s, logits, o.Smoothing)
	}
	losses := own.Loss(s, logits)
	if losses == nil || losses.Shape().TotalSize() != s.B*s.T || losses.Dims() != 1 {
		s.Fail("the model's loss is %v, want a value for each row: (%d)", shapeOf(losses), s.B*s.T)
	}
	return losses
}

func shapeOf(n *G.Node) any {
	if n == nil {
		return "nothing"
	}
	return n.Shape()
}

// read declares that a run stores n's value in v. Gorgonia hashes such a node by the address of
// v, which in rare cases is the hash of another node: take reports whether the hash is new, and
// if not, read tries another v.
func read(n *G.Node, take func(hash uint32) bool) (r *G.Node, v *G.Value) {
	for {
		v = new(G.Value)
		if r = G.Read(n, v); take(r.Hashcode()) {
			return r, v
		}
	}
}

// machine compiles the nodes that the outputs depend on.
func (p *Program) machine(outputs G.Nodes) error {
	g := outputs[0].Graph()
	needed := g.ExactSubgraphRoots(outputs...)
	seen := map[uint32]*G.Node{}
	for _, n := range needed.AllNodes() { // Gorgonia would merge them silently
		if other := seen[n.Hashcode()]; other != nil {
			return fmt.Errorf("models: the nodes %v and %v have the same hash: rename one of the layers", n, other)
		}
		seen[n.Hashcode()] = n
	}
	prog, loc, err := G.CompileFunction(g, needed.Inputs(), outputs)
	if err != nil {
		return fmt.Errorf("models: %w", err)
	}
	order, err := G.Sort(needed) // as CompileFunction does
	if err != nil {
		return fmt.Errorf("models: %w", err)
	}
	slices.Reverse(order)
	keep, pass := p.grads, G.Nodes(nil)
	if p.passing {
		keep, pass = pass, keep
	}
	p.Tape().Plan(order, keep, pass)
	p.timed.setOrder(order)
	// Without a logger an empty list of what to watch prints nothing. It spares the machine a search of its lists
	// for every input of every op: 5 to 10 % of a token of a small model.
	clear(loc) // see runner
	vm := G.NewTapeMachine(g, G.WithPrecompiled(prog, loc), G.WithEngine(p.Tape()), G.WithWatchlist())
	p.vm, p.run = vm, runner(vm, vm.Run, prog)
	p.order, p.trace = order, func() {
		p.vm = G.NewTapeMachine(g, G.WithPrecompiled(prog, loc), G.WithEngine(p.Tape()), G.TraceExec())
		p.run = p.vm.RunAll
	}
	return nil
}

// Run sets the inputs and runs the program. If it fails, the error names the layer, and memory
// is unchanged.
func (p *Program) Run(f graph.Feed) error {
	if err := p.Feed(f); err != nil {
		return err
	}
	p.Tape().Begin()
	p.watch.next = 0
	p.vm.Reset()
	if err := p.run(); err != nil {
		if e := p.Tape().Err(); e != nil {
			return e
		}
		return cause(err)
	}
	p.report(len(p.order))
	p.Commit()
	return nil
}

// cause returns the innermost error, without the messages that Gorgonia's machine adds.
func cause(err error) error {
	for {
		c, ok := err.(interface{ Cause() error })
		if !ok || c.Cause() == nil || c.Cause() == err {
			return err
		}
		err = c.Cause()
	}
}

// Loss returns the mean loss of the last run in nats, without the losses that layers added.
func (p *Program) Loss() float64 { return p.Float64s("loss")[0] }

// Objective returns the training objective of the last run: Loss plus the weighted losses that
// layers added.
func (p *Program) Objective() float64 {
	sum := p.Loss()
	for i, l := range p.Losses() {
		sum += l.Weight * p.Added(i)
	}
	return sum
}

// Added returns the i-th loss of Losses() in the last run, unweighted.
func (p *Program) Added(i int) float64 { return p.Float64s(p.Losses()[i].Name)[0] }

// Value returns an output of the last run, row by row. The next run overwrites it. It is nil in a
// float64 program.
func (p *Program) Value(name string) []float32 {
	switch v := p.value(name).(type) {
	case *G.F32:
		return []float32{float32(*v)}
	case *tensor.Dense:
		if v.Dtype() == tensor.Float32 {
			return v.Float32s()
		}
	}
	return nil
}

// Float64s returns a copy of an output of the last run, row by row.
func (p *Program) Float64s(name string) []float64 {
	switch v := p.value(name).(type) {
	case *G.F64:
		return []float64{float64(*v)}
	case *tensor.Dense:
		if v.Dtype() == tensor.Float64 {
			return append([]float64(nil), v.Float64s()...)
		}
	}
	var x []float64
	for _, v := range p.Value(name) {
		x = append(x, float64(v))
	}
	return x
}

// Shape returns the shape of an output.
func (p *Program) Shape(name string) []int { return p.value(name).Shape() }

func (p *Program) value(name string) G.Value {
	if v := p.values[name]; v != nil && *v != nil {
		return *v
	}
	panic(fmt.Sprintf("models: the program does not compute %q, or has not run", name))
}

// Gradients returns the gradients of the last run, in the order of Params. The next run
// overwrites them. A program with Options.Passing does not have them any more.
func (p *Program) Gradients() []*tensor.Dense {
	gs := make([]*tensor.Dense, len(p.grads))
	for i, n := range p.grads {
		gs[i] = n.Value().(*tensor.Dense)
	}
	return gs
}
