// Package page shows the answers of a run on a page of its own: source, reference, answer, the answers of
// baselines, and what each token of the answer attends to in the source, side by side.
package page

import (
	_ "embed" // for the files of the page
	"fmt"
	"html/template"
	"io"

	"euryale/evaluation"
	"euryale/evaluation/card"
	"euryale/evaluation/metrics"
)

//go:embed page.html
var pageText string

//go:embed page.css
var style string

//go:embed page.js
var script string

var page = template.Must(template.New("answers").Funcs(template.FuncMap{"both": both, "say": func(en, zh string) template.HTML { return both(card.Text{En: en, Zh: zh}) }}).Parse(pageText))

// both returns a text in both languages, of which the page shows one.
func both(t card.Text) template.HTML {
	if t.En == t.Zh {
		return template.HTML(template.HTMLEscapeString(t.En))
	}
	return template.HTML(`<span class="en">` + template.HTMLEscapeString(t.En) + `</span><span class="zh" lang="zh-CN">` + template.HTMLEscapeString(t.Zh) + `</span>`)
}

// Answers are what the page shows.
type Answers struct {
	Run        string // its directory
	Part       string // of the corpus
	Measured   *evaluation.Measured
	Alignments []*evaluation.Alignment // of the first samples; nil where there is none
}

// cell is a score on the page with its interval, and the model's gain.
type cell struct{ Score, Gain, Class string }

// systemRow is a system of the table.
type systemRow struct {
	Name   card.Text
	Oracle bool
	Cells  []cell
}

// example is a row of the corpus on the page.
type example struct {
	Number    int
	Source    []span
	Reference string
	Answers   []answer
	Score     string // chrF2 of the model's answer, for the order of the page
	Behind    string // how much higher the best other system's is that knows no reference
	Alignment *grid
	Open      bool // the alignment is shown at once: the first is
}

// answer is what a system said.
type answer struct {
	Name  card.Text
	Model bool
	Text  []span
	Score string
}

// WriteHTML writes the page. It refers to no other file.
func (a *Answers) WriteHTML(w io.Writer) error {
	m := a.Measured
	var heads []card.Text
	for _, name := range m.Main() {
		heads = append(heads, evaluation.MeasureName(name))
	}
	examples, err := a.examples()
	if err != nil {
		return err
	}
	return page.Execute(w, map[string]any{"Run": a.Run, "Part": evaluation.PartName(a.Part), "Heads": heads, "Systems": a.systems(), "Measured": m, "Examples": examples,
		"Sentences": m.Sentences(), "Style": template.CSS(style), "Script": template.JS(script)})
}

// systems returns the rows of the table.
func (a *Answers) systems() (rows []systemRow) {
	for _, s := range a.Measured.Systems {
		row := systemRow{Name: s.Name, Oracle: s.Oracle}
		for _, name := range a.Measured.Main() {
			c := cell{Score: s.Score(name)}
			if g, known := s.Gain(name); known {
				c.Gain = g.String()
				switch {
				case g.Excludes(0) && (g.Value > 0) != evaluation.LowerIsBetter(name):
					c.Class = "better"
				case g.Excludes(0):
					c.Class = "worse"
				}
			}
			row.Cells = append(row.Cells, c)
		}
		rows = append(rows, row)
	}
	return rows
}

// examples returns the rows of the corpus.
func (a *Answers) examples() (all []example, err error) {
	opened := false
	for i, s := range a.Measured.Samples {
		known := wordsOf(s.Reference)
		e := example{Number: i + 1, Source: spans(s.Source, known), Reference: s.Reference}
		own, others := 0.0, 0.0
		for k, system := range a.Measured.Systems {
			text := s.Text
			if k > 0 {
				text = system.Texts[i]
			}
			score, err := metrics.ChrF([]string{text}, [][]string{{s.Reference}})
			if err != nil {
				return nil, err
			}
			if k == 0 {
				own = score
			} else if !system.Oracle && !system.Model {
				others = max(others, score)
			}
			e.Answers = append(e.Answers, answer{system.Name, system.Model, spans(text, known), fmt.Sprintf("%.0f", score)})
		}
		e.Score, e.Behind = fmt.Sprintf("%.2f", own), fmt.Sprintf("%.2f", others-own)
		if i < len(a.Alignments) {
			e.Alignment = newGrid(a.Alignments[i])
			e.Open = e.Alignment != nil && !opened
			opened = opened || e.Open
		}
		all = append(all, e)
	}
	return all, nil
}
