package evaluation

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"euryale/evaluation/metrics"
)

// mainMeasures are the measures of a task by which systems are compared in print, the most important first.
var mainMeasures = map[string][]string{
	"pairs":    {"bleu", "chrf2", "exact_match"},
	"summary":  {"rouge_1", "rouge_2", "rouge_l"},
	"dialogue": {"rouge_l", "knowledge_f1", "slot_success", "copied_whole", "distinct_2"},
}

// reportSystems adds to the report what systems tell of the model and of the references, and the baseline
// of summaries under the names of earlier versions.
func (m *Measured) reportSystems(x *examined) error {
	model := m.Systems[0]
	m.Intervals = maps.Clone(model.Intervals)
	for _, v := range model.Scores {
		if _, known := m.Report.Get(v.Name); !known {
			m.Report = append(m.Report, v)
		}
	}
	var people []string
	for _, r := range x.refs {
		people = append(people, r[0])
	}
	whole, within := metrics.WordForWord(people, x.known)
	for _, r := range []metrics.Ratio{metrics.Shares("copied_whole_of_references", whole, nil), metrics.Shares("copied_within_of_references", within, nil)} {
		m.Report = append(m.Report, metrics.Measure{Name: r.Name, Value: r.Value()})
	}
	for _, s := range m.Systems {
		if s.Key != "lead" {
			continue
		}
		n := 0
		if _, err := fmt.Sscanf(s.Name.En, "lead-%d", &n); err != nil {
			return err
		}
		m.Report = append(m.Report, metrics.Measure{Name: "words_of_lead", Value: float64(n)})
		for _, name := range mainMeasures["summary"] {
			v, _ := s.Scores.Get(name)
			m.Report = append(m.Report, metrics.Measure{Name: name + "_of_lead", Value: v})
		}
	}
	m.main = slices.DeleteFunc(slices.Clone(mainMeasures[x.kind]), func(name string) bool {
		_, known := model.Scores.Get(name)
		return !known
	})
	return nil
}

// Main returns the measures by which systems are compared in print, the most important first.
func (m *Measured) Main() []string { return m.main }

// String returns the measures with their intervals, the systems beside the model, and by how much the
// model is better or worse.
func (m *Measured) String() string {
	var b strings.Builder
	width := 0
	for _, v := range m.Report {
		width = max(width, len(v.Name))
	}
	for _, v := range m.Report {
		fmt.Fprintf(&b, "%-*s %12s", width, v.Name, metrics.Format(v.Value))
		if of, known := m.Intervals[v.Name]; known {
			fmt.Fprintf(&b, "   %s to %s", number(v.Name, of.Low), number(v.Name, of.High))
		}
		b.WriteByte('\n')
	}
	for _, s := range m.Signatures {
		b.WriteString(s + "\n")
	}
	if len(m.Systems) > 1 {
		b.WriteString("\n" + m.systemsTable())
		for _, s := range m.Sentences() {
			b.WriteString(s.En + "\n")
		}
	}
	return b.String()
}

// systemsTable returns the systems with their main measures, and the model's gain over each.
func (m *Measured) systemsTable() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 3, ' ', 0)
	line := func(cells ...string) { fmt.Fprintln(w, strings.TrimRight(strings.Join(cells, "\t"), "\t")) }
	line(append([]string{"system (95 % interval)"}, m.main...)...)
	for _, s := range m.Systems {
		scores, gains := []string{s.Name.En}, []string{"  the model's less this"}
		for _, name := range m.main {
			scores = append(scores, s.Score(name))
			g, known := s.Gain(name)
			gains = append(gains, g.text(known))
		}
		line(scores...)
		if len(s.Gains) > 0 {
			line(gains...)
		}
	}
	w.Flush()
	return b.String()
}

// Score returns a measure of the system with its interval, as text.
func (s *System) Score(measure string) string {
	v, _ := s.Scores.Get(measure)
	of := s.Intervals[measure]
	return fmt.Sprintf("%s (%s–%s)", number(measure, v), number(measure, of.Low), number(measure, of.High))
}

// String returns the gain with its interval.
func (g Gain) String() string {
	return fmt.Sprintf("%s (%s to %s)", signed(g.Measure, g.Value), signed(g.Measure, g.Low), signed(g.Measure, g.High))
}

// text returns a known gain as text, else nothing.
func (g Gain) text(known bool) string {
	if !known {
		return ""
	}
	return g.String()
}

// number returns a measure as text: of 0 to 100 with two decimals, of 0 to 1 with four.
func number(measure string, v float64) string {
	if slices.Contains([]string{"bleu", "chrf2", "self_bleu"}, measure) {
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.4f", v)
}

// signed returns a difference in a measure with its sign.
func signed(measure string, v float64) string {
	text := number(measure, math.Abs(v))
	switch {
	case v > 0:
		return "+" + text
	case v < 0:
		return "−" + text
	}
	return text
}
