package lab

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"euryale/data"
	"euryale/evaluation/metrics"
	"euryale/training"
)

// trainingTokens is how much of a training text is searched for copies, so that memory is bounded.
const trainingTokens = 32 << 20

// TrainingText returns the text that a run was trained on, or the beginning of it if it has more than 32 million
// tokens. Preparing the corpus may write to log, which may be nil.
func TrainingText(s *training.Saved, log io.Writer) (string, error) {
	corpus, err := data.Open(s.Config.Data, s.Config.Tokenizer, s.Tokenizer, data.Options{Log: log})
	if err != nil {
		return "", err
	}
	defer corpus.Close()
	return corpus.Text("train", trainingTokens)
}

// The names of measures.
const (
	tokens     = "tokens"
	perplexity = "perplexity"
	distinct1  = "distinct_1"
	distinct2  = "distinct_2"
	repetition = "repetition_4"
	selfBLEU   = "self_bleu"
	copied     = "longest_copied_chars"
)

// names returns the names of the measures of the strategies, in the order in which they are shown.
func (l *Lab) names() []string {
	names := []string{tokens, perplexity, distinct1, distinct2, repetition, selfBLEU}
	if len(l.Groups) > 0 {
		if _, known := l.Groups[0].Measures.Get(copied); known {
			names = append(names, copied)
		}
	}
	return names
}

// String returns a table with a line of measures for each strategy.
func (l *Lab) String() string {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "strategy\ttexts\t%s\n", strings.Join(l.names(), "\t"))
	for _, g := range l.Groups {
		fmt.Fprintf(t, "%s\t%d", g.Name, len(g.Texts))
		for _, name := range l.names() {
			fmt.Fprintf(t, "\t%s", number(g.Measures, name))
		}
		fmt.Fprintln(t)
	}
	t.Flush()
	return b.String()
}

// number returns the value of a measure, or "–" if it has none.
func number(r metrics.Report, name string) string {
	v, known := r.Get(name)
	switch {
	case !known || math.IsNaN(v):
		return "–"
	case name == tokens || name == copied:
		return strconv.Itoa(int(v))
	case v >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case name == perplexity || name == selfBLEU:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

// measure measures all texts, and looks for copies of the training text if there is one.
func (l *Lab) measure(training io.Reader) error {
	var texts []string
	for _, g := range l.Groups {
		texts = append(texts, g.texts()...)
	}
	runs := make([]metrics.Run, len(texts))
	if training != nil {
		var err error
		if runs, err = metrics.CopiedRuns(texts, training); err != nil {
			return err
		}
	}
	for i := range l.Groups {
		g := &l.Groups[i]
		for j := range g.Texts {
			g.Texts[j].Copied, runs = runs[0], runs[1:]
		}
		if err := g.measure(training != nil); err != nil {
			return err
		}
	}
	return nil
}

func (g *Group) texts() (all []string) {
	for _, t := range g.Texts {
		all = append(all, t.Text)
	}
	return all
}

// measure measures the texts of a strategy: each by itself, how alike they are, and all together.
func (g *Group) measure(copies bool) error {
	all := g.texts()
	alike := make([]float64, len(all))
	if len(all) > 1 {
		tokenize, _ := metrics.TokenizerFor(all)
		var err error
		if alike, err = metrics.SelfBLEU(all, tokenize); err != nil {
			return err
		}
	}
	nll, count, mean, longest := 0.0, 0, 0.0, 0
	for i := range g.Texts {
		t := &g.Texts[i]
		own := 0.0
		for _, logprob := range t.Logprobs {
			own -= logprob
		}
		chars := utf8.RuneCountInString(t.Text[t.Copied.Start:t.Copied.End])
		t.Measures = report(len(t.Tokens), own, all[i:i+1])
		t.Measures = addTo(t.Measures, len(all) > 1, selfBLEU, alike[i])
		t.Measures = addTo(t.Measures, copies, copied, float64(chars))
		nll, count, mean, longest = nll+own, count+len(t.Tokens), mean+alike[i]/float64(len(all)), max(longest, chars)
	}
	g.Measures = report(count, nll, all)
	g.Measures = addTo(g.Measures, len(all) > 1, selfBLEU, mean)
	g.Measures = addTo(g.Measures, copies, copied, float64(longest))
	return nil
}

// report returns the measures of texts of so many tokens, whose negative log-probabilities add up to nll nats.
func report(n int, nll float64, texts []string) metrics.Report {
	return metrics.Report{
		{Name: tokens, Value: float64(n)},
		{Name: perplexity, Value: math.Exp(nll / float64(n))}, // NaN for no tokens
		{Name: distinct1, Value: metrics.DistinctN(texts, 1)},
		{Name: distinct2, Value: metrics.DistinctN(texts, 2)},
		{Name: repetition, Value: metrics.RepetitionRate(texts, 4)},
	}
}

func addTo(r metrics.Report, known bool, name string, value float64) metrics.Report {
	if known {
		r = append(r, metrics.Measure{Name: name, Value: value})
	}
	return r
}
