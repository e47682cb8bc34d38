package card

import (
	_ "embed" // for the files of the page
	"encoding/base64"
	"html/template"
	"io"
	"slices"
)

// Card describes a run.
type Card struct {
	Name      string
	Summary   Text
	Languages []string  // of the corpus, as ISO 639-1 codes; none if unknown
	Tags      []string  // of the README.md
	About     []Section // the model, its data, its training
	Measured  []Section
	Missing   []Missing
	Limits    []Text
	Samples   []string // that the model generated
	Config    string   // config.toml
	Model     string   // fingerprint of the weights
}

// Missing is something that was not measured.
type Missing struct {
	What    Text
	Command string // that measures it
}

//go:embed page.html
var pageText string

//go:embed page.css
var style string

//go:embed page.js
var script string

var page = template.Must(template.New("card").Funcs(template.FuncMap{"both": both, "picture": picture}).Parse(pageText))

// both returns a text in both languages, of which the page shows one.
func both(t Text) template.HTML {
	if t.En == t.Zh {
		return template.HTML(template.HTMLEscapeString(t.En))
	}
	return template.HTML(`<span class="en">` + template.HTMLEscapeString(t.En) + `</span><span class="zh" lang="zh-CN">` + template.HTMLEscapeString(t.Zh) + `</span>`)
}

// picture returns an SVG as the address of an image, in which no script runs.
func picture(svg string) template.URL {
	return template.URL("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString([]byte(svg)))
}

// earlier reports whether a section was measured with other weights than those of the card.
func (c *Card) earlier(s *Section) bool { return s.Model != "" && s.Model != c.Model }

// WriteHTML writes the card as a page that refers to no other file, in English and Chinese.
func (c *Card) WriteHTML(w io.Writer) error {
	type shown struct {
		Section
		Earlier bool
	}
	var all []shown
	for _, s := range slices.Concat(c.About, c.Measured) {
		all = append(all, shown{s, c.earlier(&s)})
	}
	return page.Execute(w, map[string]any{"Card": c, "Sections": all, "Style": template.CSS(style), "Script": template.JS(script), "Words": words})
}

// words are the card's own texts.
var words = map[string]Text{
	"card":     {"Model card", "模型卡片"},
	"contents": {"Contents", "目录"},
	"earlier":  {"Measured with earlier weights of this run: measure again.", "由本次训练较早的权重测得，请重新测量。"},
	"made":     {"Measured by", "测量命令"},
	"limits":   {"Limits", "局限"},
	"missing":  {"Not measured", "尚未测量"},
	"samples":  {"Generated texts", "生成的文本"},
	"config":   {"Configuration", "配置"},
	"nothing":  {"Nothing has been measured yet.", "尚未测量任何指标。"},
}
