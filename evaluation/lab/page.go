package lab

import (
	_ "embed" // for the files of the page
	"fmt"
	"html/template"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"euryale/generation"
)

//go:embed page.html
var pageText string

//go:embed page.css
var style string

//go:embed page.js
var script string

var page = template.Must(template.New("page").Funcs(template.FuncMap{"both": both, "number": number, "head": head, "reason": reason}).Parse(pageText))

// both returns a text in both languages, of which the page shows one.
func both(english, chinese string) template.HTML {
	return template.HTML(`<span class="en">` + template.HTMLEscapeString(english) + `</span><span class="zh" lang="zh-CN">` + template.HTMLEscapeString(chinese) + `</span>`)
}

// heads are the names of the measures on the page.
var heads = map[string][2]string{
	tokens:     {"tokens", "词元数"},
	perplexity: {"perplexity", "困惑度"},
	distinct1:  {"distinct-1", "distinct-1"},
	distinct2:  {"distinct-2", "distinct-2"},
	repetition: {"repetition-4", "重复率（4 元）"},
	selfBLEU:   {"self-BLEU", "self-BLEU"},
	copied:     {"longest copy (characters)", "最长照抄（字符）"},
}

func head(name string) template.HTML { return both(heads[name][0], heads[name][1]) }

// reasons say in both languages why a text ended.
var reasons = map[string][2]string{
	generation.ReasonLength:    {"ended by its length", "到达长度上限"},
	generation.ReasonStop:      {"ended by a stop text", "遇到停止文本"},
	generation.ReasonEnd:       {"ended by the model", "由模型结束"},
	generation.ReasonTime:      {"ended by the time", "时间到"},
	generation.ReasonExhausted: {"no token was left", "没有可选的词元"},
}

// reason returns why a text ended; a strategy of one's own may have reasons of its own.
func reason(name string) template.HTML {
	if r, known := reasons[name]; known {
		return both(r[0], r[1])
	}
	return both(name, name)
}

// levels are the least probabilities of a token's shades, the lightest first; one shade more has the rest.
var levels = []float64{0.9, 0.6, 0.35, 0.15, 0.05, 0.01, 0.002}

// span is a token on the page.
type span struct {
	At    int
	Class string
	Text  string
	Title string
}

// shown is a text on the page.
type shown struct {
	*Text
	Number int // of the text among all
	Spans  []span
}

// WriteHTML writes the lab as a page that refers to no other file.
func (l *Lab) WriteHTML(w io.Writer) error { return page.ExecuteTemplate(w, "whole", l.view(true)) }

// HTML returns the lab as a part of a page, without the details of each token. A notebook shows it.
func (l *Lab) HTML() string {
	var b strings.Builder
	if err := page.ExecuteTemplate(&b, "lab", l.view(false)); err != nil {
		panic(err) // the template is ours, and a Builder takes everything
	}
	return b.String()
}

// view returns what the template shows.
func (l *Lab) view(details bool) map[string]any {
	type group struct {
		*Group
		Shown []shown
	}
	var groups []group
	var all []*Text
	for i := range l.Groups {
		g := group{Group: &l.Groups[i]}
		for j := range g.Texts {
			t := &g.Texts[j]
			g.Shown = append(g.Shown, shown{t, len(all), t.spans()})
			all = append(all, t)
		}
		groups = append(groups, g)
	}
	view := map[string]any{"Prompt": l.Prompt, "Groups": groups, "Names": l.names(), "Levels": legend(), "Style": template.CSS(style), "Details": details}
	if details {
		view["Script"], view["Data"] = template.JS(script), newDetails(all)
	}
	return view
}

// legend returns the shades with what they mean.
func legend() (all []span) {
	for i := range len(levels) + 1 {
		text := "< " + strconv.FormatFloat(levels[len(levels)-1], 'g', -1, 64)
		if i < len(levels) {
			text = "≥ " + strconv.FormatFloat(levels[i], 'g', -1, 64)
		}
		all = append(all, span{Class: fmt.Sprintf("l%d", i), Text: text})
	}
	return all
}

// spans returns the tokens of a text as they are shown. A character of several tokens is shown by the last of
// them; the others show their bytes.
func (t *Text) spans() []span {
	var all []span
	at := 0 // what is shown already
	for i, st := range t.Steps {
		o := t.Offsets[i]
		end := at + complete(t.Text[at:max(at, o[1])])
		text, class := "", fmt.Sprintf("l%d", level(st.Logprob))
		if end > at {
			text, at = t.Text[at:end], end
		} else {
			text, class = hexadecimal(st.Piece), class+" part"
		}
		if o[0] >= t.Copied.Start && o[1] <= t.Copied.End && o[1] > o[0] {
			class += " copy"
		}
		all = append(all, span{i, class, visible(text), title(st)})
	}
	return all
}

// complete returns the length of a text without the character that begins at its end and is incomplete.
func complete(text string) int {
	start := len(text)
	for start > 0 && len(text)-start < utf8.UTFMax && !utf8.RuneStart(text[start-1]) {
		start--
	}
	if start > 0 && utf8.RuneStart(text[start-1]) && !utf8.FullRuneInString(text[start-1:]) {
		return start - 1
	}
	return len(text)
}

func level(logprob float64) int {
	for i, p := range levels {
		if math.Exp(logprob) >= p {
			return i
		}
	}
	return len(levels)
}

func title(st generation.Step) string {
	return fmt.Sprintf("p = %.3g, log p = %.2f, rank %d, entropy %.2f", math.Exp(st.Logprob), st.Logprob, st.Rank, st.Entropy)
}

// visible marks line breaks, which else would show no token.
func visible(text string) string { return strings.ReplaceAll(text, "\n", "↵\n") }

func hexadecimal(piece string) string { return fmt.Sprintf("‹%x›", piece) }
