package ops

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Rows that are computed in several blocks are to the bit those that are computed in one, and so are their gradients.
func TestRowBlocks(t *testing.T) {
	const n, d, few = 300, 96, 50 // two blocks, or one
	rng := rand.New(rand.NewPCG(1, 2))
	random := func(shape ...int) array {
		a := array{Shape: shape, Data: make([]float64, tensor.Shape(shape).TotalSize())}
		for i := range a.Data {
			a.Data[i] = rng.NormFloat64()
		}
		return a
	}
	require.Greater(t, n*d, blockSize)
	require.LessOrEqual(t, few*d, blockSize)
	x, y, gout, at := random(n, d), random(n, d), random(n, d), array{Shape: []int{n}, Data: make([]float64, n)}
	for i := range at.Data {
		at.Data[i] = float64(i % 40)
	}
	fixed := map[string]array{"w": random(d, d), "b": random(d), "gain": random(d)}
	rowsOf := func(a array, from, to int) array {
		width := len(a.Data) / n
		return array{Shape: append([]int{to - from}, a.Shape[1:]...), Data: a.Data[from*width : to*width]}
	}
	type nodes = map[string]*G.Node
	for name, c := range map[string]struct {
		floats string // inputs
		f      build
	}{
		"add":       {"x y", func(p Place, in nodes) (*G.Node, error) { return Add(p, in["x"], in["y"]) }},
		"mul":       {"x y", func(p Place, in nodes) (*G.Node, error) { return Mul(p, in["x"], in["y"]) }},
		"max":       {"x y", func(p Place, in nodes) (*G.Node, error) { return Max(p, in["x"], in["y"]) }},
		"scale":     {"x", func(p Place, in nodes) (*G.Node, error) { return Scale(p, in["x"], 0.3) }},
		"map":       {"x", func(p Place, in nodes) (*G.Node, error) { return Map(p, Exp, in["x"]) }},
		"clip":      {"x", func(p Place, in nodes) (*G.Node, error) { return Clip(p, in["x"], -0.5, 0.7) }},
		"shift":     {"x", func(p Place, in nodes) (*G.Node, error) { return AddScalar(p, in["x"], 0.7) }},
		"activate":  {"x", func(p Place, in nodes) (*G.Node, error) { return Activate(p, GELU, in["x"]) }},
		"swiglu":    {"x y", func(p Place, in nodes) (*G.Node, error) { return SwiGLU(p, in["x"], in["y"]) }},
		"linear":    {"x w b", func(p Place, in nodes) (*G.Node, error) { return Linear(p, Identity, in["x"], in["w"], in["b"]) }},
		"gelu":      {"x w b", func(p Place, in nodes) (*G.Node, error) { return Linear(p, GELU, in["x"], in["w"], in["b"]) }},
		"silu":      {"x w b", func(p Place, in nodes) (*G.Node, error) { return Linear(p, SiLU, in["x"], in["w"], in["b"]) }},
		"layernorm": {"x gain b", func(p Place, in nodes) (*G.Node, error) { return LayerNorm(p, 1e-5, in["x"], in["gain"], in["b"]) }},
		"rmsnorm":   {"x gain", func(p Place, in nodes) (*G.Node, error) { return RMSNorm(p, 1e-5, in["x"], in["gain"]) }},
		"rotary":    {"x", func(p Place, in nodes) (*G.Node, error) { return Rotary(p, 10000, 4, 24, in["x"], in["at"]) }},
		"columns": {"x y", func(p Place, in nodes) (*G.Node, error) {
			return Concat(p, G.Must(Columns(p, in["x"], 70, d)), G.Must(Columns(p, in["y"], 0, 70)))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			run := func(from, to int) (out, dx []float64) {
				r := reference{Floats: map[string]array{}, Ints: map[string]array{"at": rowsOf(at, from, to)}, Gout: rowsOf(gout, from, to)}
				for _, name := range strings.Fields(c.floats) {
					switch name {
					case "x":
						r.Floats[name] = rowsOf(x, from, to)
					case "y":
						r.Floats[name] = rowsOf(y, from, to)
					default:
						r.Floats[name] = fixed[name]
					}
				}
				k := newRig(t, tensor.Float32, r, c.f)
				k.run()
				for i, name := range k.names {
					if name == "x" {
						dx = numbers(k.grads[i].Value())
					}
				}
				return numbers(k.out), dx
			}
			out, dx := run(0, n)
			for from := 0; from < n; from += few {
				someOut, someDx := run(from, from+few)
				assert.Equal(t, someOut, out[from*d:(from+few)*d])
				assert.Equal(t, someDx, dx[from*d:(from+few)*d])
			}
		})
	}
}
