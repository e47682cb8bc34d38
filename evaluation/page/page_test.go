package page

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/evaluation"
	"euryale/evaluation/card"
	"euryale/evaluation/metrics"
)

// answers are two examples that a model and a baseline answered.
func answers() *Answers {
	m := &evaluation.Measured{
		Samples: []evaluation.Sample{{Source: "I like tea.", Reference: "我喜欢茶。", Text: "我爱茶。"}, {Source: "<script>alert(1)</script>", Reference: `"</article>`, Text: ""}},
		Systems: []*evaluation.System{
			{Key: "model_greedy", Name: card.Text{En: "model, greedy", Zh: "模型（贪心）"}, Model: true},
			{Key: "copy", Name: card.Text{En: "copy of the source", Zh: "照抄源文"}, Texts: []string{"I like tea.", "<b>&"},
				Gains: []evaluation.Gain{{Measure: "bleu", Value: 3, Interval: metrics.Interval{Low: 1, High: 5}}}},
		},
		Notes: []card.Text{{En: "1 of 2 sources <is> odd", Zh: "一个源文异常"}},
	}
	return &Answers{Run: "runs/a&b", Part: "test", Measured: m,
		Alignments: []*evaluation.Alignment{{Answer: []string{"我", " 爱"}, Source: []string{"I", "like<", "tea"}, Values: []float64{0.8, 0.1, 0.1, 0.2, 0.4, 0.1}}, nil}}
}

// The page has everything, in both languages, refers to no other file, and shows texts as texts.
func TestPage(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, answers().WriteHTML(&b))
	html := b.String()
	for _, want := range []string{
		"runs/a&amp;b", "测试部分", "test part", `<mark>茶</mark>`, "我喜欢茶。", "照抄源文", "&lt;script&gt;alert(1)&lt;/script&gt;", "&lt;b&gt;&amp;",
		`&#34;&lt;/article&gt;`, "（空）", "1 of 2 sources &lt;is&gt; odd", "like&lt;", `<th>␣爱</th>`, `title="我 → I: 0.800"`, `class="s9"`,
	} {
		assert.Contains(t, html, want)
	}
	assert.NotContains(t, html, "<script>alert")
	assert.NotRegexp(t, `(src|href)=`, html)
	assert.Equal(t, 1, strings.Count(html, "<details"), "one example has an alignment")
	assert.Equal(t, 2, strings.Count(html, "<article "))
	assert.NotContains(t, html, "ZgotmplZ")
}

func TestSpans(t *testing.T) {
	assert.Equal(t, []span{{"The ", false}, {"red", true}, {" fox, ", false}, {"狐狸", true}, {"!", false}}, spans("The red fox, 狐狸!", wordsOf("Red 狐狸")))
	assert.Empty(t, spans("", nil))
}

// In Chromium the page changes its language, its order, and what it shows.
func TestPageInChromium(t *testing.T) {
	if os.Getenv("EURYALE_TEST_CHROMIUM") == "" {
		t.Skip("set EURYALE_TEST_CHROMIUM=1 to run Chromium")
	}
	chromium, err := exec.LookPath("chromium")
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, answers().WriteHTML(&b))
	b.WriteString(`<script>
var said = [document.documentElement.lang, document.querySelector("article").dataset.number, document.documentElement.scrollWidth <= innerWidth ? "fits" : "too wide"], find = document.getElementById("find");
find.value = "TEA"; find.dispatchEvent(new Event("input"));
said.push(document.getElementById("count").textContent);
document.getElementById("language").click();
said.push(document.documentElement.lang);
document.body.insertAdjacentHTML("beforeend", "<pre id=said>" + said.join(" ") + "</pre>");
</script>`)
	file := filepath.Join(t.TempDir(), "page.html")
	require.NoError(t, os.WriteFile(file, b.Bytes(), 0o666))
	out, err := exec.CommandContext(t.Context(), chromium, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir="+t.TempDir(), "--window-size=520,900", "--dump-dom", "file://"+file+"?lang=zh&order=worst").Output()
	require.NoError(t, err)
	assert.Contains(t, string(out), `<pre id="said">zh-CN 2 fits 1 / 2 en</pre>`)
}
