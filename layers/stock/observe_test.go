package stock

import (
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"strings"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// setting is how a trial is run.
type setting struct {
	dtype  tensor.Dtype
	inside bool // on intermediate values, which their own derivatives read again
}

func (s setting) String() string {
	if s.inside {
		return s.dtype.String() + ", inside a graph"
	}
	return s.dtype.String()
}

var settings = []setting{{tensor.Float64, false}, {tensor.Float64, true}, {tensor.Float32, false}, {tensor.Float32, true}}

// observe runs a trial in all settings. Where they differ, the outcome says which is
// which.
func (t *trial) observe() (outcome, error) {
	if t.crashes && os.Getenv(alone) == "" {
		return t.observeAlone()
	}
	var first outcome
	var firstErr error
	var all []string
	same := true
	for _, s := range settings {
		if s.inside && (t.plain || t.forward) {
			continue
		}
		o, err := t.run(s)
		if first == "" {
			first, firstErr = o, err
		}
		same = same && o == first
		if firstErr == nil {
			firstErr = err
		}
		all = append(all, fmt.Sprintf("%s: %s", s, o))
	}
	if same {
		return first, firstErr
	}
	return outcome(strings.Join(all, "; ")), firstErr
}

// alone is set in a process that runs one trial.
const alone = "STOCK_TRIAL"

// observeAlone runs a trial in a process of its own: a panic in an op ends it, since ops
// run in a goroutine of the machine.
func (t *trial) observeAlone() (outcome, error) {
	cmd := exec.Command(os.Args[0], "-test.run", "^TestSurvey$", "-test.v")
	cmd.Env = append(os.Environ(), alone+"="+t.name())
	out, err := cmd.CombinedOutput()
	_, o, found := strings.Cut(string(out), observed)
	if err != nil || !found {
		_, o, _ = strings.Cut(string(out), "panic: ")
		o, _, _ = strings.Cut(o, "\n")
		return crash, errors.New(o)
	}
	o, _, _ = strings.Cut(o, "\n")
	return outcome(o), nil
}

const observed = "observed: "

func (t *trial) run(s setting) (outcome, error) {
	p, err := t.declare(s.dtype, s.inside)
	switch {
	case errors.Is(err, errPanic):
		return buildPanic, err
	case err != nil:
		return buildError, err
	}
	if err := t.compile(p, s.inside); errors.Is(err, errGrad) {
		return gradError, err
	} else if err != nil {
		return buildError, err
	}
	for cycle := range 2 {
		if o, err := t.cycle(p, s, t.values(cycle)); o != right {
			return o, err
		}
	}
	return right, nil
}

// cycle runs the program on x and compares all that it gives with the reference.
func (t *trial) cycle(p *graphOf, s setting, x [][]float64) (outcome, error) {
	bound := make([]G.Value, len(x))
	for i, n := range p.inputs {
		bound[i] = valueOf(n, x[i])
		if err := G.Let(n, bound[i]); err != nil {
			return runError, err
		}
	}
	var weights [][]float64
	for i, n := range p.weights {
		w := (&trial{op: t.op, what: n.Name(), args: []arg{{shape: n.Shape()}}}).values(len(x[0]))[0]
		weights = append(weights, w)
		if err := G.Let(n, valueOf(p.weights[i], w)); err != nil {
			return runError, err
		}
	}
	if t.bare {
		weights = [][]float64{{1}}
	}
	p.vm.Reset()
	if err := p.vm.RunAll(); err != nil {
		return runError, err
	}
	if o, err := t.compareValues(p, s, x, weights); o != right {
		return o, err
	}
	if o, err := t.compareGradients(p, s, x, weights); o != right {
		return o, err
	}
	for i := range bound {
		if err := differ(floats(bound[i]), x[i], 0); err != nil {
			return overwrites, err
		}
	}
	return right, nil
}

// expect is the reference at x, through the activation if there is one.
func (t *trial) expect(s setting, x [][]float64) []float64 {
	if !s.inside {
		return t.ref(x)
	}
	z := make([][]float64, len(x))
	for i, a := range t.args {
		z[i] = x[i]
		if a.kind != index && !a.fixed {
			z[i] = make([]float64, len(x[i]))
			for j, v := range x[i] {
				z[i][j] = squashed(a.kind, v)
			}
		}
	}
	return t.ref(z)
}

func (t *trial) compareValues(p *graphOf, s setting, x, weights [][]float64) (outcome, error) {
	want := t.expect(s, x)
	if !s.inside {
		var got []float64
		for i, y := range p.outputs {
			if shape := (*p.values[i]).Shape(); !shape.Eq(y.Shape()) {
				return wrongShape, fmt.Errorf("the node is %v, its value %v", y.Shape(), shape)
			}
			got = append(got, floats(*p.values[i])...)
		}
		if err := differ(got, want, tolerance(s)); err != nil {
			return wrongValue, err
		}
	}
	if !t.forward {
		loss, size := dot(want, weights)
		if got := floats(*p.values[len(p.values)-1])[0]; !(math.Abs(got-loss) <= tolerance(s)*(1+size)) {
			return wrongValue, fmt.Errorf("the loss is %g, want %g", got, loss)
		}
	}
	return right, nil
}

// dot is the weighted sum of y, and that of its terms' magnitudes.
func dot(y []float64, weights [][]float64) (sum, size float64) {
	i := 0
	for _, w := range weights {
		for _, c := range w {
			sum += c * y[i]
			size += math.Abs(c * y[i])
			i++
		}
	}
	return sum, size
}

// compareGradients compares some 24 elements of each gradient with central differences
// of the reference.
func (t *trial) compareGradients(p *graphOf, s setting, x, weights [][]float64) (outcome, error) {
	for k, g := range p.grads {
		i := p.of[k]
		if shape := g.Value().Shape(); !shape.Eq(t.args[i].shape) {
			return wrongShape, fmt.Errorf("operand %d is %v, its gradient %v", i, t.args[i].shape, shape)
		}
		got := floats(g.Value())
		step := 1 + len(got)/24
		if step%2 == 0 { // not the width of a matrix: all columns have their turn
			step++
		}
		for j := 0; j < len(got); j += step {
			want, size := t.difference(s, x, weights, i, j)
			if !(math.Abs(got[j]-want) <= tolerance(s)*(1+math.Abs(want))+1e-10*size) {
				return wrongGradient, fmt.Errorf("operand %d, element %d of %v: %g, want %g", i, j, t.args[i].shape, got[j], want)
			}
		}
	}
	return right, nil
}

// difference is the central difference of the loss in element j of operand i, and the
// magnitude of the loss. Both types of floats are compared with one.
func (t *trial) difference(s setting, x, weights [][]float64, i, j int) (d, size float64) {
	const h = 1e-5
	key := fmt.Sprint(s.inside, i, j, x[i][j])
	if k, ok := t.known[key]; ok {
		return k[0], k[1]
	}
	was := x[i][j]
	x[i][j] = was + h
	up, size := dot(t.expect(s, x), weights)
	x[i][j] = was - h
	down, _ := dot(t.expect(s, x), weights)
	x[i][j] = was
	if t.known == nil {
		t.known = map[string][2]float64{}
	}
	d = (up - down) / (2 * h)
	t.known[key] = [2]float64{d, size}
	return d, size
}

func tolerance(s setting) float64 {
	if s.dtype == tensor.Float32 {
		return 1e-3
	}
	return 2e-6
}

func differ(got, want []float64, tol float64) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d values, want %d", len(got), len(want))
	}
	for i := range got {
		if !(math.Abs(got[i]-want[i]) <= tol*(1+math.Abs(want[i]))) {
			return fmt.Errorf("element %d: %g, want %g", i, got[i], want[i])
		}
	}
	return nil
}
