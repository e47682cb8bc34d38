package draw_test

import (
	"encoding/xml"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"

	"euryale/layers"
	"euryale/layers/draw"
	"euryale/layers/graph"
)

// small is a model with a residual, a numbered block, a stock op and a loss, with its
// derivative.
func small(t testing.TB) *graph.Graph {
	g, err := graph.Build(graph.NewWeights(1), graph.Frame{B: 1, T: 4}, func(s *layers.Scope) {
		x := layers.Embedding(s.Sub("tok"), s.Tokens(), 5, 6)
		h := s.Sub("h0")
		att := layers.CausalSelfAttention(h.Sub("att"), layers.LayerNorm(h.Sub("ln"), x), 2, 0)
		x = layers.Residual(h.Sub("att"), x, att, 0)
		x = h.Sub("squash").Must(G.Tanh(x))
		s.Tap("loss", layers.MeanLoss(s, layers.CrossEntropy(s, layers.Head(s.Sub("出"), x, 5), 0)))
	})
	require.NoError(t, err)
	loss, err := g.Tap("loss")
	require.NoError(t, err)
	_, err = G.Grad(loss, g.Params()...)
	require.NoError(t, err)
	return g
}

// texts are the character data of an SVG, which has to be well-formed.
func texts(t *testing.T, svg string) (all []string) {
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		tok, err := d.Token()
		if err == io.EOF {
			return all
		}
		require.NoError(t, err)
		switch tok := tok.(type) {
		case xml.CharData:
			if s := strings.TrimSpace(string(tok)); s != "" {
				all = append(all, s)
			}
		case xml.StartElement:
			for _, a := range tok.Attr {
				if a.Name.Local == "aria-label" {
					all = append(all, a.Value)
				}
			}
		}
	}
}

func TestLayersByDefault(t *testing.T) {
	p, err := draw.Graph(small(t), draw.Options{})
	require.NoError(t, err)
	said := texts(t, p.SVG())
	for _, want := range []string{"tok", "h0/ln", "h0/att", "h0/squash", "出", "loss · mean", "∂ h0/att", "∂ h0/squash", "qkv/W 6 × 18", "causal_lengths 4", "4 × 6", "tanh"} {
		assert.Contains(t, said, want)
	}
	assert.NotContains(t, said, "h0/att/qkv", "a layer is one box")
}

func TestEveryOp(t *testing.T) {
	p, err := draw.Graph(small(t), draw.Options{Ops: true})
	require.NoError(t, err)
	said := texts(t, p.SVG())
	for _, want := range []string{"h0/att/qkv", "h0/att/proj", "∂ h0/att/qkv", "W 6 × 18", "of W 6 × 18", "4 × 18"} {
		assert.Contains(t, said, want)
	}
}

func TestOneLayer(t *testing.T) {
	g := small(t)
	p, err := draw.Graph(g, draw.Options{Under: "h0/att"})
	require.NoError(t, err)
	said := texts(t, p.SVG())
	assert.Contains(t, said, "h0/att/qkv")
	assert.Contains(t, said, "4 × 6 of h0/ln", "what comes in is named")
	assert.NotContains(t, said, "h0/ln")
	_, err = draw.Graph(g, draw.Options{Under: "h0/atn"})
	assert.ErrorContains(t, err, `no layer computes "h0/atn"; similar names: ["h0/att"`)
}

// A path at which nothing is computed, only below it, can be drawn too.
func TestUnderAPathOfLayers(t *testing.T) {
	g, err := graph.Build(graph.NewWeights(1), graph.Frame{B: 1, T: 2}, func(s *layers.Scope) {
		enc := s.Sub("enc")
		x := layers.Embedding(enc.Sub("tok"), s.Tokens(), 3, 4)
		x = layers.LayerNorm(enc.Sub("norm"), x)
		s.Tap("logits", layers.LayerNorm(s.Sub("encore"), x))
	})
	require.NoError(t, err)
	p, err := draw.Graph(g, draw.Options{Under: "enc"})
	require.NoError(t, err)
	said := texts(t, p.SVG())
	assert.Contains(t, said, "enc/norm")
	assert.NotContains(t, said, "encore")
}

// A block whose value leaves it and comes back is two boxes: boxes never wait for each
// other, or there would be no order to draw them in.
func TestBoxesHaveAnOrder(t *testing.T) {
	g, err := graph.Build(graph.NewWeights(1), graph.Frame{B: 1, T: 2}, func(s *layers.Scope) {
		a, b := s.Sub("a"), s.Sub("b")
		x := a.Must(G.Tanh(layers.Embedding(a, s.Tokens(), 3, 2)))
		y := b.Must(G.Sigmoid(x))
		s.Tap("logits", a.Must(G.Add(x, y)))
	})
	require.NoError(t, err)
	p, err := draw.Graph(g, draw.Options{})
	require.NoError(t, err)
	n := 0
	for _, s := range texts(t, p.SVG()) {
		if s == "a" {
			n++
		}
	}
	assert.Equal(t, 2, n)
}

func TestDOT(t *testing.T) {
	p, err := draw.Graph(small(t), draw.Options{})
	require.NoError(t, err)
	dot := p.DOT()
	assert.Contains(t, dot, `subgraph "cluster h0"`)
	assert.Contains(t, dot, `subgraph "cluster ∂ h0"`)
	assert.Contains(t, dot, `label="4 × 6"`)
	assert.Equal(t, strings.Count(dot, "{"), strings.Count(dot, "}"))
	if path, err := exec.LookPath("dot"); err == nil {
		cmd := exec.Command(path, "-Tsvg")
		cmd.Stdin = strings.NewReader(dot)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
	}
}

func TestParameters(t *testing.T) {
	w := graph.NewWeights(1)
	require.NoError(t, w.Add("a<b/W", []int{2, 3}, make([]float32, 6)))
	p := draw.Parameters(w)
	assert.Equal(t, "parameter  shape  values\na<b/W      2 × 3  6\nall               6\n", p.String())
	assert.Contains(t, p.HTML(), "<td>a&lt;b/W</td><td>2 × 3</td><td>6</td>")
}

// A picture of one layer, and the table of what it declares.
func ExampleGraph() {
	w := graph.NewWeights(1)
	g, err := graph.Build(w, graph.Frame{B: 1, T: 4}, func(s *layers.Scope) {
		x := layers.Embedding(s.Sub("tok"), s.Tokens(), 5, 6)
		layers.MLP(s.Sub("mlp"), x, 8, "gelu")
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := draw.Graph(g, draw.Options{})
	fmt.Println(strings.HasPrefix(p.SVG(), "<svg"), err)
	fmt.Print(draw.Parameters(w))
	// Output:
	// true <nil>
	// parameter  shape  values
	// tok/W      5 × 6  30
	// mlp/in/W   6 × 8  48
	// mlp/in/b   8      8
	// mlp/out/W  8 × 6  48
	// mlp/out/b  6      6
	// all               140
}
