package ops

import (
	"encoding/json"
	"math"
	"os"
	"sort"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// array is a tensor in reference.json.
type array struct {
	Shape []int     `json:"shape"`
	Data  []float64 `json:"data"`
}

// reference is what PyTorch computed for one case.
type reference struct {
	Floats, Ints map[string]array
	Out, Gout    array
	Grads        map[string]array
}

// references reads testdata/reference.json, which testdata/reference.py writes.
func references(t testing.TB) map[string]reference { return referencesIn(t, "reference") }

// referencesIn reads a file of testdata that the script of that name writes.
func referencesIn(t testing.TB, name string) map[string]reference {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name + ".json")
	require.NoError(t, err)
	var file struct{ Cases map[string]reference }
	require.NoError(t, json.Unmarshal(raw, &file))
	return file.Cases
}

// build declares what is checked on its inputs by name.
type build func(p Place, in map[string]*G.Node) (*G.Node, error)

// rig runs one op, and its gradients for a given gradient of its output.
type rig struct {
	t      testing.TB
	vm     G.VM
	inputs map[string]*tensor.Dense
	out    G.Value
	cost   G.Value
	names  []string // of the inputs that have gradients, sorted
	grads  G.Nodes
	tape   *Tape
}

func newRig(t testing.TB, dt tensor.Dtype, r reference, f build) *rig {
	t.Helper()
	g := G.NewGraph()
	k := &rig{t: t, inputs: map[string]*tensor.Dense{}, tape: &Tape{Differentiated: true}}
	nodes := map[string]*G.Node{}
	declare := func(name string, v *tensor.Dense) *G.Node {
		return G.NewTensor(g, v.Dtype(), v.Dims(), G.WithShape(v.Shape()...), G.WithName(name), G.WithValue(v))
	}
	for name, a := range r.Floats {
		k.names = append(k.names, name)
		k.inputs[name] = dense(dt, a)
		nodes[name] = declare(name, k.inputs[name])
	}
	sort.Strings(k.names)
	for name, a := range r.Ints {
		nodes[name] = declare(name, dense(tensor.Int, a))
	}
	y, err := f(Place{k.tape, "x"}, nodes)
	require.NoError(t, err)
	gout := declare("gout", dense(dt, r.Gout))
	cost := G.Must(G.Sum(G.Must(G.HadamardProd(y, gout))))
	G.Read(y, &k.out)
	G.Read(cost, &k.cost)
	var wrt G.Nodes
	for _, name := range k.names {
		wrt = append(wrt, nodes[name])
	}
	k.grads, err = G.Grad(cost, wrt...)
	require.NoError(t, err)
	k.vm = G.NewTapeMachine(g, G.WithEngine(k.tape))
	return k
}

func dense(dt tensor.Dtype, a array) *tensor.Dense {
	var v any = append([]float64(nil), a.Data...)
	switch dt {
	case tensor.Float32:
		x := make([]float32, len(a.Data))
		for i := range x {
			x[i] = float32(a.Data[i])
		}
		v = x
	case tensor.Int:
		x := make([]int, len(a.Data))
		for i := range x {
			x[i] = int(a.Data[i])
		}
		v = x
	}
	return tensor.New(tensor.WithShape(a.Shape...), tensor.WithBacking(v))
}

func (k *rig) run() {
	k.t.Helper()
	k.tape.Begin()
	k.vm.Reset()
	require.NoError(k.t, k.vm.RunAll())
}

func numbers(v G.Value) []float64 {
	var x []float64
	switch d := v.(type) {
	case *G.F64:
		return []float64{float64(*d)}
	case *G.F32:
		return []float64{float64(*d)}
	case *tensor.Dense:
		if d.Dtype() == tensor.Float64 {
			return append(x, d.Float64s()...)
		}
		for _, f := range d.Float32s() {
			x = append(x, float64(f))
		}
	}
	return x
}

// near compares to tol of the larger of 1 and the wanted value's size.
func near(t testing.TB, want, got []float64, tol float64, what string) {
	t.Helper()
	require.Len(t, got, len(want), what)
	for i := range want {
		require.InDelta(t, want[i], got[i], tol*math.Max(1, math.Abs(want[i])), "%s, value %d", what, i)
	}
}

// spoil fills the gradients that ops of this package have computed: the next run must
// overwrite every value, whatever its memory holds.
func (k *rig) spoil() {
	for _, n := range k.grads {
		if _, ours := n.Op().(buffered); ours {
			require.NoError(k.t, n.Value().(*tensor.Dense).Memset(map[tensor.Dtype]any{
				tensor.Float64: math.NaN(), tensor.Float32: float32(math.NaN())}[n.Dtype()]))
		}
	}
}

// agrees checks an op against the reference in both types, three runs each, since ops
// keep buffers between runs.
func agrees(t *testing.T, r reference, f build) {
	for dt, tol := range map[tensor.Dtype]float64{tensor.Float64: 1e-9, tensor.Float32: 2e-5} {
		k := newRig(t, dt, r, f)
		for range 3 {
			k.run()
			near(t, r.Out.Data, numbers(k.out), tol, dt.String()+" output")
			for i, name := range k.names {
				near(t, r.Grads[name].Data, numbers(k.grads[i].Value()), tol, dt.String()+" gradient of "+name)
			}
			k.spoil()
		}
	}
}

// differences checks an op's gradients by central differences in float64.
func differences(t *testing.T, r reference, f build) {
	k := newRig(t, tensor.Float64, r, f)
	k.run()
	grads := map[string][]float64{}
	for i, name := range k.names {
		grads[name] = numbers(k.grads[i].Value())
	}
	const h = 1e-5
	for _, name := range k.names {
		v := k.inputs[name].Float64s()
		for i := range v {
			old := v[i]
			v[i] = old + h
			k.run()
			up := numbers(k.cost)[0]
			v[i] = old - h
			k.run()
			down := numbers(k.cost)[0]
			v[i] = old
			fd := (up - down) / (2 * h)
			require.InDelta(t, fd, grads[name][i], 2e-7*math.Max(1, math.Abs(fd)), "%s[%d]", name, i)
		}
	}
}
