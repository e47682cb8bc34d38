package experiment

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"text/tabwriter"
)

// String returns the comparison as tables of text, which end with its sentences.
func (c *Comparison) String() string {
	var b strings.Builder
	for _, g := range c.Groups {
		fmt.Fprintf(&b, "%s  %s%s\n", g.Label, g.Name, g.seeds())
	}
	if len(c.Settings) == 0 {
		b.WriteString("\nThe configurations differ in nothing but the seed.\n")
	}
	for _, t := range c.tables() {
		fmt.Fprintf(&b, "\n%s\n", t.title)
		w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		for _, row := range append([][]string{t.head}, t.rows...) {
			fmt.Fprintln(w, "  "+strings.Join(row, "\t"))
		}
		w.Flush()
	}
	b.WriteString("\n")
	for _, s := range c.Sentences() {
		b.WriteString(s + "\n")
	}
	return b.String()
}

// seeds says which seeds a group has, if several.
func (g *Group) seeds() string {
	if len(g.Seeds) < 2 {
		return ""
	}
	return fmt.Sprintf("  (%d runs, seeds %s)", len(g.Seeds), strings.Trim(fmt.Sprint(g.Seeds), "[]"))
}

// table is a table of what differs.
type table struct {
	title string
	head  []string
	rows  [][]string
}

// tables returns the tables of the comparison, without those that would be empty.
func (c *Comparison) tables() (all []table) {
	head := []string{""}
	for _, g := range c.Groups {
		head = append(head, g.Label)
	}
	for _, t := range []table{
		{"Configuration", head, rowsOf(c.Settings)},
		{"Parameters", head, rowsOf(c.Parameters)},
		{"Cost", head, rowsOf(c.costs())},
		{"Results on the " + c.Part + " part: " + c.textName(), head, rowsOf(c.results())},
	} {
		if len(t.rows) > 0 {
			all = append(all, t)
		}
	}
	return all
}

// textName names the text by its size.
func (c *Comparison) textName() string {
	if c.Bytes == 0 {
		return fmt.Sprintf("%d hidden tokens in %d blocks", c.Tokens, c.Blocks)
	}
	return fmt.Sprintf("%d tokens, %d bytes, in %d blocks", c.Tokens, c.Bytes, c.Blocks)
}

func rowsOf(differences []Difference) (rows [][]string) {
	for _, d := range differences {
		rows = append(rows, append([]string{d.Name}, d.Values...))
	}
	return rows
}

// costs returns what the groups' models take.
func (c *Comparison) costs() []Difference {
	rows := []Difference{{Name: "parameters"}, {Name: "operations per token in training"}, {Name: "memory in training"}}
	for _, g := range c.Groups {
		for i, v := range []string{
			fmt.Sprint(g.Parameters()), fmt.Sprintf("%.3g", g.Cost.Train),
			fmt.Sprintf("%.1f MB", float64(g.Cost.Weights+g.Cost.Activations)/1e6),
		} {
			rows[i].Values = append(rows[i].Values, v)
		}
	}
	return rows
}

// results returns the measures of the groups.
func (c *Comparison) results() []Difference {
	loss := Difference{Name: "loss, " + c.Unit}
	for _, g := range c.Groups {
		mean, sd := g.Loss()
		v := fmt.Sprintf("%.4f", mean)
		if !math.IsNaN(sd) {
			v += fmt.Sprintf(" (sd %.4f)", sd)
		}
		loss.Values = append(loss.Values, v)
	}
	rows := []Difference{loss}
	for _, v := range c.Verdicts {
		switch {
		case v.Measure == "loss":
		case rows[len(rows)-1].Name == v.Measure:
			last := &rows[len(rows)-1]
			last.Values = append(last.Values, fmt.Sprintf("%.2f", v.MeanB))
		default:
			rows = append(rows, Difference{v.Measure, []string{fmt.Sprintf("%.2f", v.MeanA), fmt.Sprintf("%.2f", v.MeanB)}})
		}
	}
	return rows
}

// MarshalJSON returns one object: the groups, what differs, and the verdicts with their
// sentences.
func (c *Comparison) MarshalJSON() ([]byte, error) {
	type group struct {
		Label      string    `json:"label"`
		Name       string    `json:"name"`
		Runs       []string  `json:"runs"`
		Seeds      []uint64  `json:"seeds"`
		Losses     []float64 `json:"losses"`
		Parameters int       `json:"parameters"`
		Operations float64   `json:"operations_per_token"`
		Memory     int       `json:"memory_bytes"`
	}
	type verdict struct {
		Measure   string     `json:"measure"`
		Unit      string     `json:"unit"`
		A         string     `json:"a"`
		B         string     `json:"b"`
		MeanA     float64    `json:"mean_a"`
		MeanB     float64    `json:"mean_b"`
		Gain      float64    `json:"gain"`
		Half      float64    `json:"half_width"`
		Level     float64    `json:"level"`
		SeedSD    [2]float64 `json:"seed_sd"`
		TextSD    float64    `json:"text_sd"`
		Wins      float64    `json:"wins"`
		Better    string     `json:"better"`
		OfRuns    bool       `json:"about_single_runs"`
		MoreSeeds int        `json:"more_seeds"`
		Sentence  string     `json:"sentence"`
	}
	all := struct {
		Groups     []group      `json:"groups"`
		Settings   []Difference `json:"configuration"`
		Parameters []Difference `json:"parameters"`
		Unit       string       `json:"unit"`
		Tokens     int          `json:"tokens"`
		Bytes      int          `json:"bytes"`
		Blocks     int          `json:"blocks"`
		Verdicts   []verdict    `json:"verdicts"`
	}{Settings: c.Settings, Parameters: c.Parameters, Unit: c.Unit, Tokens: c.Tokens, Bytes: c.Bytes, Blocks: c.Blocks}
	for _, g := range c.Groups {
		all.Groups = append(all.Groups, group{g.Label, g.Name, g.Runs, g.Seeds, g.Losses, g.Parameters(), g.Cost.Train, g.Cost.Weights + g.Cost.Activations})
	}
	for _, v := range c.Verdicts {
		all.Verdicts = append(all.Verdicts, verdict{v.Measure, v.Unit, v.A, v.B, v.MeanA, v.MeanB, v.Gain, v.Half, v.Level, v.SeedSD, v.TextSD, v.Wins, v.Better(), v.OfRuns, v.MoreSeeds, v.Sentence()})
	}
	return json.Marshal(all)
}
