package page

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/tokenizer"
	"euryale/generation"
	"euryale/inspect/view"
	"euryale/layers/graph"
	"euryale/models"
)

const alphabet = "abcdefghij 春江花月夜</>&"

var sizes = models.Sizes{Context: 200}

func recurrent() models.Recurrent { return models.Recurrent{Sizes: sizes, Layers: 1, Dim: 8} }

// kinds are tiny models of all kinds, and the views that do not fit them.
var kinds = []struct {
	name  string
	model models.Model
	unfit []string
}{
	{"gpt", &models.GPT{Sizes: sizes, Layers: 2, Heads: 2, Dim: 8, Activation: "gelu", Bias: true, Tied: true}, []string{"gates"}},
	{"llama", &models.Llama{Sizes: sizes, Layers: 2, Heads: 2, Dim: 8, Hidden: 6, RotaryBase: 100}, []string{"gates"}},
	{"encoder", &models.Encoder{Sizes: sizes, MaxLen: 200, Layers: 1, Heads: 2, Dim: 8, Hidden: 6, Activation: "gelu", Causal: true}, []string{"gates", "attribution"}},
	{"transformer", &models.Transformer{Sizes: sizes, Source: 20, Layers: 1, Heads: 2, Dim: 8, Activation: "relu", PreNorm: true, Tied: true}, []string{"gates"}},
	{"seq2seq", &models.Seq2Seq{Sizes: sizes, Source: 20, Cell: "lstm", Layers: 1, Dim: 8, Bidirectional: true, Attention: "general", Bridge: "copy"}, []string{"rollout", "lens", "attribution", "heads"}},
	{"rnn", &models.RNN{Recurrent: recurrent(), Activation: "tanh"}, ofRecurrent},
	{"lstm", &models.LSTM{Recurrent: recurrent(), ForgetBias: 1}, ofRecurrent},
	{"gru", &models.GRU{Recurrent: recurrent()}, ofRecurrent},
}

var ofRecurrent = []string{"attention", "rollout", "lens", "attribution", "heads"}

// inputs returns a text of a model, and the options of its page.
func inputs(t testing.TB, m models.Model, text, clean string) (*view.Text, Options) {
	t.Helper()
	tk := tokenizer.NewChar(alphabet)
	m.Common().Vocab = tk.Vocab()
	w := graph.NewWeights(1)
	require.NoError(t, models.Declare(m, w))
	g := &generation.Generator{Model: m, Weights: w, Tokenizer: tk}
	read := func(text string) *view.Text {
		p, err := generation.Plain(tk, text)
		require.NoError(t, err)
		if models.SourceOf(m) > 0 {
			p.Source = p.Tokens[:5]
		}
		x, err := view.New(g, p, nil)
		require.NoError(t, err)
		return x
	}
	x := read(text)
	o := Options{About: "a <tiny> model", Corrupted: read(text), Clean: read(clean)}
	var err error
	o.Output, err = x.Next(3)
	require.NoError(t, err)
	o.Patched, err = view.Contrast(o.Corrupted, o.Clean)
	require.NoError(t, err)
	for i := range 6 {
		q := x.Sequence
		at := i % 4
		q.Tokens, q.Targets = q.Tokens[at:at+8], q.Targets[at:at+8]
		o.Sample = append(o.Sample, q)
	}
	return x, o
}

// Every kind of model has a page, with Chinese tokens, that needs no network; a view that does not fit says why.
func TestPageOfEveryModel(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			x, o := inputs(t, k.model, "ab 春江花月夜</a>&abc", "ba 春江花月夜</a>&abc")
			p, err := Build(t.Context(), x, o)
			require.NoError(t, err)
			for _, s := range p.Sections {
				if slices.Contains(k.unfit, s.Name) {
					assert.False(t, s.Fits(), s.Name)
					assert.NotEmpty(t, s.Reason.English)
					assert.Regexp(t, `\p{Han}`, s.Reason.Chinese, s.Name)
					continue
				}
				require.True(t, s.Fits(), "%s: %s", s.Name, s.Reason.English)
				assert.NotEmpty(t, s.Figure.Grids)
				assert.Contains(t, s.Figure.SVG(), "</svg>")
			}
			var b bytes.Buffer
			require.NoError(t, p.WriteHTML(&b))
			checkPage(t, b.String(), p)
		})
	}
}

// checkPage checks that a page is whole, escapes its texts, and loads nothing.
func checkPage(t *testing.T, text string, p *Page) {
	t.Helper()
	assert.NotRegexp(t, `(?i)(src|href)\s*=\s*["']?(https?:)?//|@import|url\(`, text, "no network")
	assert.Contains(t, text, "a &lt;tiny&gt; model")
	assert.Contains(t, text, ">春</span>")
	raw := regexp.MustCompile(`(?s)id="figures">(.*?)</script>`).FindStringSubmatch(text)
	require.NotNil(t, raw)
	var d struct {
		Tokens  []string
		Figures []struct {
			Name  string
			Grids []struct{ Title string }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(raw[1]), &d))
	assert.Equal(t, p.Tokens, d.Tokens)
	fits := 0
	for _, s := range p.Sections {
		assert.Contains(t, text, fmt.Sprintf(`<section id="%s">`, s.Name))
		if s.Fits() {
			assert.Equal(t, s.Name, d.Figures[fits].Name)
			assert.Len(t, d.Figures[fits].Grids, len(s.Figure.Grids))
			fits++
		}
	}
	assert.Len(t, d.Figures, fits)
}

// Two hundred tokens of a model with 144 heads make less than 5 MB.
func TestPageSize(t *testing.T) {
	tokens := strings.Split(strings.Repeat("abcdefgh江月", 20), "")
	axis := view.Axis{Kind: view.Tokens, Labels: tokens}
	p := &Page{Tokens: tokens}
	values := make([]float64, len(tokens)*len(tokens))
	for i := range tokens {
		for j := range i + 1 {
			values[i*len(tokens)+j] = 1 / float64(i+j+1)
		}
	}
	f := &view.Figure{Name: "attention", Scale: 1}
	for h := range 144 {
		f.Grids = append(f.Grids, view.Grid{Title: fmt.Sprintf("h%d/att/head%d", h/12, h%12), Rows: axis, Cols: axis, Values: values})
	}
	gates := &view.Figure{Name: "gates"}
	for i := range 12 {
		gates.Grids = append(gates.Grids, view.Grid{Title: fmt.Sprint(i), Rows: view.Axis{Kind: view.Units, Labels: tokens[:mostUnits]}, Cols: axis, Values: make([]float64, mostUnits*len(tokens))})
	}
	whole, err := within(f, nil)
	require.NoError(t, err)
	assert.Less(t, len(whole.Grids), 144)
	assert.Greater(t, len(whole.Grids), 50)
	for _, figure := range []*view.Figure{whole, gates} {
		p.Sections = append(p.Sections, Section{Name: figure.Name, Figure: figure})
	}
	var b bytes.Buffer
	require.NoError(t, p.WriteHTML(&b))
	assert.Less(t, b.Len(), 5_000_000)
	assert.Greater(t, b.Len(), 1_000_000, "the test has something to measure")
}

// A real page of 200 tokens of a small model stays far below the bound.
func TestPageOf200Tokens(t *testing.T) {
	x, o := inputs(t, kinds[0].model, strings.Repeat("abcdefgh江月", 20), strings.Repeat("abcdefgh江月", 20))
	o.Sample, o.Clean = nil, nil
	p, err := Build(t.Context(), x, o)
	require.NoError(t, err)
	require.Len(t, p.Tokens, 200)
	var b bytes.Buffer
	require.NoError(t, p.WriteHTML(&b))
	assert.Less(t, b.Len(), 5_000_000)
	for _, s := range p.Sections {
		if s.Name == "patching" || s.Name == "ablation" {
			assert.False(t, s.Fits(), s.Name)
		}
	}
}

// Bytes hold large grids to one part in 254, lower triangles without their zeros.
func TestMatrixBytes(t *testing.T) {
	n := 60
	axis := view.Axis{Kind: view.Entries, Labels: make([]string, n)}
	g := view.Grid{Rows: axis, Cols: axis, Values: make([]float64, n*n)}
	for i := range n {
		for j := range i + 1 {
			g.Values[i*n+j] = float64(i - j)
		}
	}
	m := newMatrix(&g, nil, nil)
	assert.True(t, m.Lower)
	assert.Nil(t, m.Plain)
	assert.Len(t, m.Bytes, (n*(n+1)/2+2)/3*4)
	g.Values[1] = 5
	assert.False(t, newMatrix(&g, nil, nil).Lower)
	g.Rows.Labels, g.Cols.Labels, g.Values = axis.Labels[:2], axis.Labels[:2], []float64{1, 2, 3, 4}
	assert.Equal(t, []rounded{1, 2, 3, 4}, newMatrix(&g, nil, nil).Plain)
}
