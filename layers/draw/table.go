package draw

import (
	"fmt"
	"html"
	"strings"
	"text/tabwriter"

	"euryale/layers/graph"
)

// Table lists parameters with their paths, shapes and sizes.
type Table struct{ rows [][3]string }

// Parameters returns the table of all parameters, with the total number of values.
func Parameters(w *graph.Weights) Table {
	var t Table
	for _, p := range w.All() {
		var dims []string
		for _, d := range p.Shape {
			dims = append(dims, fmt.Sprint(d))
		}
		t.rows = append(t.rows, [3]string{p.Path, strings.Join(dims, " × "), fmt.Sprint(p.Size())})
	}
	t.rows = append(t.rows, [3]string{"all", "", fmt.Sprint(w.Count())})
	return t
}

var tableHead = [3]string{"parameter", "shape", "values"}

// String returns the table as text in columns.
func (t Table) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, r := range append([][3]string{tableHead}, t.rows...) {
		fmt.Fprintf(w, "%s\t%s\t%s\n", r[0], r[1], r[2])
	}
	w.Flush() // to memory: it cannot fail
	return b.String()
}

// HTML returns the table for a notebook.
func (t Table) HTML() string {
	var b strings.Builder
	b.WriteString("<table>\n")
	row := func(cell string, r [3]string) {
		b.WriteString("<tr>")
		for _, c := range r {
			fmt.Fprintf(&b, "<%s>%s</%s>", cell, html.EscapeString(c), cell)
		}
		b.WriteString("</tr>\n")
	}
	row("th", tableHead)
	for _, r := range t.rows {
		row("td", r)
	}
	b.WriteString("</table>\n")
	return b.String()
}
