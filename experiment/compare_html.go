package experiment

import (
	"html/template"
	"io"
	"strings"
)

// page is the HTML page of a comparison. It refers to no other file.
var page = template.Must(template.New("comparison").Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}}</title>
<style>` + style + `</style>
</head>
<body>
<h1>{{.Title}}</h1>
{{.Body}}
</body>
</html>
`))

const style = `
body { font: 15px/1.5 "Liberation Sans", Arial, Helvetica, sans-serif; color: #222; max-width: 1040px; margin: 2em auto; padding: 0 1em; }
.verdicts { padding: 0; list-style: none; }
.verdicts li { font-size: 1.15em; border-left: 4px solid #0072b2; background: #f2f7fb; padding: .5em .8em; margin: .4em 0; }
table { border-collapse: collapse; margin: .4em 0 1.4em; }
th, td { text-align: left; padding: .25em .9em; border-bottom: 1px solid #ddd; vertical-align: top; font-variant-numeric: tabular-nums; }
caption, h2 { text-align: left; font-size: 1.1em; font-weight: bold; margin: 1.2em 0 .3em; }
td:first-child { color: #555; }
svg { max-width: 100%; height: auto; }
small { color: #555; }
`

var body = template.Must(template.New("body").Parse(`<ul class="verdicts">{{range .Sentences}}<li>{{.}}</li>{{end}}</ul>
<table><caption>Runs</caption>
{{range .Groups}}<tr><td>{{.Label}}</td><td>{{.Name}}</td><td>{{len .Runs}} run{{if gt (len .Runs) 1}}s, seeds{{else}}, seed{{end}}{{range .Seeds}} {{.}}{{end}}</td></tr>
{{end}}</table>
<h2>Validation loss during training</h2>
{{.Curves}}
<p><small>Mean of each group; the band goes from its lowest to its highest run.</small></p>
<h2>Differences with their confidence intervals</h2>
{{.Intervals}}
{{range .Tables}}<table><caption>{{.Title}}</caption>
<tr>{{range .Head}}<th>{{.}}</th>{{end}}</tr>
{{range .Rows}}<tr>{{range .}}<td>{{.}}</td>{{end}}</tr>
{{end}}</table>
{{end}}<p><small>The interval combines a paired bootstrap over blocks of the text with the variance between seeds (Welch's t).
It holds for the weights that were compared, on this text and texts like it.</small></p>
`))

// HTML returns the comparison as a part of a page. A notebook shows it.
func (c *Comparison) HTML() string {
	type shownTable struct {
		Title string
		Head  []string
		Rows  [][]string
	}
	var tables []shownTable
	for _, t := range c.tables() {
		tables = append(tables, shownTable{t.title, t.head, t.rows})
	}
	var b strings.Builder
	err := body.Execute(&b, map[string]any{"Sentences": c.Sentences(), "Groups": c.Groups, "Tables": tables,
		"Curves": template.HTML(drawCurves(c.curves)), "Intervals": template.HTML(drawIntervals(c.Verdicts))})
	if err != nil {
		panic(err) // the template is ours, and a Builder takes everything
	}
	return b.String()
}

// WriteHTML writes the comparison as a page of its own, which needs no other file.
func (c *Comparison) WriteHTML(w io.Writer) error {
	var names []string
	for _, g := range c.Groups {
		names = append(names, g.Label)
	}
	return page.Execute(w, map[string]any{"Title": "Comparison of " + strings.Join(names, ", "), "Body": template.HTML(c.HTML())})
}
