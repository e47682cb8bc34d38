package lab

import (
	"context"
	"encoding/json"
	"html"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/tokenizer"
	"euryale/generation"
	"euryale/models"
)

const trainingText = "The Rays of Light which differ in Colour differ also in Degrees of Refrangibility.\n" +
	"春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。\n<b>bold & brave</b> \"quoted\"\n"

// newGenerator has a model that counts the n-grams of a text in two languages, byte by byte: a Chinese
// character is three tokens.
func newGenerator(t *testing.T) *generation.Generator {
	t.Helper()
	tk := tokenizer.NewByte()
	ids, err := tk.Encode(strings.Repeat(trainingText, 3))
	require.NoError(t, err)
	m := &models.NGram{Sizes: models.Sizes{Vocab: tk.Vocab(), Context: 12}, Order: 4}
	learned, err := m.Learn(func(add func(tokens, targets []int, fresh bool) error) error {
		return add(ids[:len(ids)-1], ids[1:], true)
	})
	require.NoError(t, err)
	return &generation.Generator{Model: learned, Tokenizer: tk}
}

func newLab(t *testing.T) *Lab {
	t.Helper()
	l, err := Run(context.Background(), newGenerator(t), "<b>春眠", Options{Strategies: Strategies(generation.Settings{Tokens: 90}), Training: strings.NewReader(trainingText)})
	require.NoError(t, err)
	return l
}

// Every strategy has its processors, and a text for each seed or one alone, with measures that follow from
// the tokens and the training text.
func TestRun(t *testing.T) {
	calls := 0
	o := Options{Strategies: Strategies(generation.Settings{Tokens: 90}), Seeds: []uint64{3, 5}, Top: 2, Training: strings.NewReader(trainingText),
		Progress: func(done, total int) { calls++; assert.Equal(t, []int{calls, 2 + 7*2}, []int{done, total}) }}
	l, err := Run(context.Background(), newGenerator(t), "春眠", o)
	require.NoError(t, err)
	require.Len(t, l.Groups, 9)
	assert.Equal(t, 16, calls)
	for _, g := range l.Groups {
		want := 2
		if g.Name == "greedy" || g.Name == "beam=4" {
			want = 1
		}
		require.Len(t, g.Texts, want, g.Name)
		nll, count := 0.0, 0
		for _, text := range g.Texts {
			require.Len(t, text.Steps, len(text.Tokens))
			assert.Len(t, text.Steps[0].Top, 2)
			for _, st := range text.Steps {
				nll, count = nll-st.Logprob, count+1
			}
			run := text.Text[text.Copied.Start:text.Copied.End]
			assert.Contains(t, trainingText, run)
			chars, _ := text.Measures.Get(copied)
			assert.Len(t, []rune(run), int(chars))
		}
		p, _ := g.Measures.Get(perplexity)
		assert.InDelta(t, math.Exp(nll/float64(count)), p, 1e-3*p)
		_, alike := g.Measures.Get(selfBLEU)
		assert.Equal(t, want > 1, alike)
	}
	assert.Equal(t, []string{"temperature"}, l.Groups[1].Processors)
	assert.Equal(t, []string{"top-p"}, l.Groups[5].Processors)
	assert.Equal(t, uint64(5), l.Groups[1].Texts[1].Seed)
	out, err := json.Marshal(l)
	require.NoError(t, err)
	for _, want := range []string{`"prompt":"春眠"`, `"strategies":[{"name":"greedy","processors":[]`, `"measures":{"tokens":90,"perplexity":`, `"copied":{"start":`, `"steps":[{"id":`} {
		assert.Contains(t, string(out), want)
	}
}

func TestRunErrors(t *testing.T) {
	g := newGenerator(t)
	_, err := Run(context.Background(), g, "a", Options{Strategies: []Strategy{{"hot", generation.Settings{Tokens: 3, Temperature: -1}}}})
	assert.ErrorContains(t, err, "strategy hot: temperature = -1")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = Run(ctx, g, "a", Options{})
	assert.ErrorIs(t, err, context.Canceled)
	empty, err := Run(context.Background(), g, "a", Options{Strategies: []Strategy{{"nothing", generation.Settings{Temperature: 1}}}})
	require.NoError(t, err)
	assert.Equal(t, "–", number(empty.Groups[0].Measures, perplexity))
	assert.Equal(t, "–", number(empty.Groups[0].Measures, copied), "there is no training text")
}

var (
	paragraph = regexp.MustCompile(`(?s)<p class="text" data-k="\d+">(.*?)</p>`)
	token     = regexp.MustCompile(`(?s)<span class="t (l\d)( part)?( copy)?" data-i="\d+" title="[^"]*">([^<]*)</span>`)
	embedded  = regexp.MustCompile(`(?s)<script type="application/json" id="lab-data">(.*?)</script>`)
)

// The page shows every text as it is, token by token, has the details of each token, and refers to nothing.
func TestPage(t *testing.T) {
	l := newLab(t)
	var b strings.Builder
	require.NoError(t, l.WriteHTML(&b))
	page := b.String()
	for _, outside := range []string{"http://", "https://", " src=", "url(", "@import", "<b>春眠"} {
		assert.False(t, strings.Contains(page, outside), outside)
	}
	assert.Contains(t, page, "<q>&lt;b&gt;春眠</q>")
	assert.Equal(t, strings.Count(page, `<span class="en">`), strings.Count(page, `<span class="zh" lang="zh-CN">`), "both languages say as much")

	var d struct {
		Pieces     map[string]string
		Processors []string
		Steps      [][][7]any
	}
	require.NoError(t, json.Unmarshal([]byte(embedded.FindStringSubmatch(page)[1]), &d))
	var texts []Text
	for _, g := range l.Groups {
		texts = append(texts, g.Texts...)
	}
	shown := paragraph.FindAllStringSubmatch(page, -1)
	require.Len(t, shown, len(texts))
	require.Len(t, d.Steps, len(texts))
	valid := 0
	for i, text := range texts {
		spans := token.FindAllStringSubmatch(shown[i][1], -1)
		require.Len(t, spans, len(text.Tokens))
		require.Len(t, d.Steps[i], len(text.Tokens))
		var whole, copy strings.Builder
		for k, s := range spans {
			piece := strings.ReplaceAll(html.UnescapeString(s[4]), "↵\n", "\n")
			if s[2] == "" {
				whole.WriteString(piece)
				if s[3] != "" {
					copy.WriteString(piece)
				}
			} else {
				assert.Equal(t, hexadecimal(text.Steps[k].Piece), piece)
			}
			assert.Equal(t, float64(text.Tokens[k]), d.Steps[i][k][0])
			assert.Contains(t, d.Pieces, string(must(json.Marshal(text.Tokens[k]))))
		}
		assert.Equal(t, text.Text, whole.String()+text.Text[len(whole.String()):], "up to an incomplete character")
		assert.Less(t, len(text.Text)-whole.Len(), 4)
		if utf8.ValidString(text.Text) {
			valid++
			assert.Equal(t, text.Text[text.Copied.Start:text.Copied.End], copy.String())
		}
	}
	assert.Greater(t, valid, 5)
	assert.ElementsMatch(t, []string{"temperature", "top-k", "top-p", "min-p", "typical"}, d.Processors)
	part := l.HTML()
	assert.Contains(t, part, `title="p = `)
	assert.NotContains(t, part, "<script", "a notebook shows it without")
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

// In a browser the page speaks the language and has the theme that its address asks for, and holds the token
// that the address names.
func TestPageInChromium(t *testing.T) {
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip(err)
	}
	path := filepath.Join(t.TempDir(), "lab.html")
	f, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, newLab(t).WriteHTML(f))
	require.NoError(t, f.Close())
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute) // it takes a second, unless the machine is busy
	defer cancel()
	c := exec.CommandContext(ctx, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir="+t.TempDir(), "--dump-dom", "file://"+path+"?lang=zh&theme=dark#t1-2")
	c.WaitDelay = time.Second
	dom, err := c.Output()
	require.NoError(t, err)
	for _, want := range []string{`<html lang="zh-CN">`, `data-theme="dark"`, `<div class="tip"`, "<th>处理器</th><th>截去词元</th>", `<tr><td>temperature</td>`, " held", ">English</button>"} {
		assert.True(t, strings.Contains(string(dom), want), want) // without the page
	}
}
