package experiment

import (
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"
	"text/tabwriter"
)

// String returns the points as a table of text, the best first, and the comparison of the two
// best.
func (s *Swept) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range s.table() {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	w.Flush()
	if s.Note != "" {
		b.WriteString("\n" + s.Note + "\n")
	}
	if s.Best != nil {
		fmt.Fprintf(&b, "\nThe two best\n%s", s.Best)
	}
	return b.String()
}

// table returns the rows of the points, after their heads.
func (s *Swept) table() [][]string {
	rows := [][]string{append(append([]string{}, s.Points[0].Keys...), "loss, "+s.Unit, "sd over seeds", "runs", "steps", "seconds")}
	for _, p := range s.Points {
		mean, sd := p.Loss(s.Unit)
		done, steps, seconds := 0, 0, 0.0
		for _, r := range p.Runs {
			if r.Done {
				done, steps, seconds = done+1, steps+r.Steps, seconds+r.Seconds
			}
		}
		runs := fmt.Sprint(done)
		if done < len(p.Runs) {
			runs = fmt.Sprintf("%d of %d", done, len(p.Runs))
		}
		n := max(1, done)
		rows = append(rows, append(append([]string{}, p.Values...), loss(mean), loss(sd), runs, fmt.Sprint(steps/n), fmt.Sprintf("%.0f", seconds/float64(n))))
	}
	return rows
}

func loss(v float64) string {
	if math.IsNaN(v) {
		return "–"
	}
	return fmt.Sprintf("%.4f", v)
}

// Curves draws the validation losses of all points during training.
func (s *Swept) Curves() *Curves { return &Curves{drawCurves(s.curves)} }

var sweepBody = template.Must(template.New("sweep").Parse(`<table>{{range $i, $row := .Rows}}<tr>{{range $row}}{{if eq $i 0}}<th>{{.}}</th>{{else}}<td>{{.}}</td>{{end}}{{end}}</tr>
{{end}}</table>
{{if .Note}}<p>{{.Note}}</p>{{end}}
<h2>Validation loss during training</h2>
{{.Curves}}
{{if .Best}}<h2>The two best</h2>{{.Best}}{{end}}
`))

// HTML returns the sweep as a part of a page. A notebook shows it.
func (s *Swept) HTML() string {
	best := ""
	if s.Best != nil {
		best = s.Best.HTML()
	}
	var b strings.Builder
	err := sweepBody.Execute(&b, map[string]any{"Rows": s.table(), "Note": s.Note, "Curves": template.HTML(drawCurves(s.curves)), "Best": template.HTML(best)})
	if err != nil {
		panic(err) // the template is ours, and a Builder takes everything
	}
	return b.String()
}

// WriteHTML writes the sweep as a page of its own, which needs no other file.
func (s *Swept) WriteHTML(w io.Writer) error {
	return page.Execute(w, map[string]any{"Title": "Sweep " + s.Dir, "Body": template.HTML(s.HTML())})
}
