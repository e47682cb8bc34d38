package evaluation

import (
	"math"
	"slices"
	"strings"

	"euryale/data/task"
	"euryale/evaluation/baseline"
	"euryale/evaluation/card"
	"euryale/evaluation/metrics"
	"euryale/generation"
)

// Decoding is a way to generate answers, with its name.
type Decoding struct {
	Name     string // "greedy", "beam 4", "sampled"
	Settings generation.Settings
}

// System is a way to answer the examples: the model, the model with another decoding, or a baseline.
type System struct {
	Key       string                      `json:"key"`
	Name      card.Text                   `json:"name"`
	Model     bool                        `json:"model"`            // another decoding of the model, or the model itself
	Oracle    bool                        `json:"oracle,omitempty"` // it knows the reference
	Scores    metrics.Report              `json:"scores"`
	Intervals map[string]metrics.Interval `json:"intervals"`
	Gains     []Gain                      `json:"gains,omitempty"` // of the model over it; of the model none
	Texts     []string                    `json:"texts,omitempty"` // its answers; of the model they are the samples

	names     []string // of the measures that are resampled
	resampled metrics.Resampled
}

// Gain is by how much a measure of the model is higher than that of another system over the same
// examples: the interval and the wins are those of a paired bootstrap.
type Gain struct {
	Measure string  `json:"measure"`
	Value   float64 `json:"value"`
	metrics.Interval
	Wins float64 `json:"wins"` // the fraction of resamples on which the model is higher
}

// Gain returns the gain of a measure.
func (s *System) Gain(measure string) (Gain, bool) {
	for _, g := range s.Gains {
		if g.Measure == measure {
			return g, true
		}
	}
	return Gain{}, false
}

// examined are the examples that systems answer, with what their measures need.
type examined struct {
	kind     string // of the task
	sources  []string
	refs     [][]string
	known    []string // answers of the training part
	tokenize metrics.Tokenizer
	chinese  bool // whose forms, as of poems, are compared
	facts    bool // references say enough that is new
	slots    bool // the dialogues are orders
	resample *metrics.Bootstrap
}

// The fractions of dialogues from which on they are taken as orders, because they name a drink, and as about facts, because the
// reference has one.
const leastOrders, leastFacts = 0.2, 0.1

func newExamined(kind string, samples []Sample, refs [][]string, known []task.Example) *examined {
	x := &examined{kind: kind, refs: refs}
	language := ""
	x.tokenize, language = TokenizerFor(refs)
	x.chinese = language == "zh"
	drinks, facts := 0, 0
	var clusters []string
	for i, s := range samples {
		x.sources = append(x.sources, s.Source)
		first, _, _ := strings.Cut(s.Source, "\n") // of a dialogue the first turn: its replies are one cluster
		clusters = append(clusters, first)
		if slots := metrics.OrderSlots(s.Source); len(slots) > 0 && strings.HasPrefix(slots[0], "drink:") {
			drinks++
		}
		if kind == "dialogue" && metrics.CountFacts(s.Source, "", refs[i]).Reference > 0 {
			facts++
		}
	}
	if kind != "dialogue" {
		clusters = x.sources
	}
	x.resample = metrics.NewBootstrap(clusters)
	x.facts = kind == "dialogue" && float64(facts) >= leastFacts*float64(len(samples))
	x.slots = kind == "dialogue" && float64(drinks) >= leastOrders*float64(len(samples))
	for _, ex := range known {
		x.known = append(append(x.known, ex.Reference), ex.Alternatives...)
	}
	return x
}

// score measures a system's texts.
func (x *examined) score(s *System, texts []string) error {
	scored, err := metrics.NewScored(texts, x.refs, x.tokenize)
	if err != nil {
		return err
	}
	for _, r := range x.ratios(texts) {
		scored.Add(r)
	}
	if len(texts) > 1 {
		selves, err := metrics.SelfBLEU(texts, x.tokenize)
		if err != nil {
			return err
		}
		scored.Add(metrics.Mean("self_bleu", selves))
	}
	all := make([]int, len(texts))
	for i := range all {
		all[i] = i
	}
	s.names, s.resampled = scored.Names(), x.resample.Over(scored)
	s.Intervals = map[string]metrics.Interval{}
	for m, v := range scored.Over(all) {
		s.Scores = append(s.Scores, metrics.Measure{Name: s.names[m], Value: v})
		s.Intervals[s.names[m]] = x.interval(s, m, v)
	}
	for n, name := range []string{"distinct_1", "distinct_2"} {
		v, of := metrics.DistinctInterval(texts, n+1)
		s.Scores = append(s.Scores, metrics.Measure{Name: name, Value: v})
		s.Intervals[name] = of
	}
	return nil
}

// interval returns the interval of a measure: where no text has it, or all, that of a share among independent
// clusters, since all resamples are equal.
func (x *examined) interval(s *System, measure int, v float64) metrics.Interval {
	of := s.resampled.Interval(measure)
	if slices.Contains(shares, s.names[measure]) && of.Low == of.High {
		n := x.resample.Clusters()
		of.Low, of.High = metrics.Wilson(int(math.Round(v*float64(n))), n)
	}
	return of
}

// shares are the measures that are shares of texts.
var shares = []string{"exact_match", "copied_whole", "copied_within", "slot_success", "same_shape"}

// ratios returns the measures of texts that are sums over them.
func (x *examined) ratios(texts []string) []metrics.Ratio {
	equal := make([]bool, len(texts))
	for i, t := range texts {
		equal[i] = metrics.Exact(t, x.refs[i])
	}
	whole, within := metrics.WordForWord(texts, x.known)
	ratios := []metrics.Ratio{metrics.Shares("exact_match", equal, nil), metrics.Shares("copied_whole", whole, nil), metrics.Shares("copied_within", within, nil)}
	ratios = append(ratios, metrics.Repetition("repetition_4", texts, 4))
	if x.chinese {
		same := make([]bool, len(texts))
		for i, t := range texts {
			same[i] = metrics.HasShape(t, x.refs[i])
		}
		ratios = append(ratios, metrics.Shares("same_shape", same, nil))
	}
	if x.facts {
		ratios = append(ratios, x.knowledge(texts))
	}
	if x.slots {
		ratios = append(ratios, x.orders(texts)...)
	}
	return ratios
}

// knowledge returns the F1 score of the facts that texts say, all together.
func (x *examined) knowledge(texts []string) metrics.Ratio {
	r := metrics.Ratio{Name: "knowledge_f1"}
	for i, t := range texts {
		c := metrics.CountFacts(x.sources[i], t, x.refs[i])
		r.Part, r.Whole = append(r.Part, float64(2*c.Both)), append(r.Whole, float64(c.Answer+c.Reference))
	}
	return r
}

// orders returns how the values that texts name agree with the orders.
func (x *examined) orders(texts []string) []metrics.Ratio {
	success, applies := make([]bool, len(texts)), make([]bool, len(texts))
	precision, recall := metrics.Ratio{Name: "slot_precision"}, metrics.Ratio{Name: "slot_recall"}
	for i, t := range texts {
		c := metrics.CountOrder(x.sources[i], t, x.refs[i])
		success[i], applies[i] = c.Success, c.Applies
		precision.Part, precision.Whole = append(precision.Part, float64(c.Right)), append(precision.Whole, float64(c.Named))
		recall.Part, recall.Whole = append(recall.Part, float64(c.Said)), append(recall.Whole, float64(c.Wanted))
	}
	return []metrics.Ratio{metrics.Shares("slot_success", success, applies), precision, recall}
}

// against computes the gains of the model over another system.
func (s *System) against(other *System) {
	for m, name := range s.names {
		a, _ := s.Scores.Get(name)
		b, _ := other.Scores.Get(name)
		of, wins := s.resampled.Gain(other.resampled, m, m)
		other.Gains = append(other.Gains, Gain{name, a - b, of, wins})
	}
}

// compareSystems scores the model, its other decodings and the baselines on the same examples.
func (m *Measured) compareSystems(kind string, known []task.Example, refs [][]string, decodings []Decoding, others [][]string) error {
	x := newExamined(kind, m.Samples, refs, known)
	var texts []string
	examples := make([]task.Example, len(refs))
	for i, s := range m.Samples {
		texts = append(texts, s.Text)
		examples[i] = task.Example{Source: s.Source, Reference: s.Reference}
	}
	add := func(s *System, texts []string) error {
		if err := x.score(s, texts); err != nil {
			return err
		}
		m.Systems = append(m.Systems, s)
		if len(m.Systems) > 1 {
			s.Texts = texts
			m.Systems[0].against(s)
		}
		return nil
	}
	name := func(d Decoding) card.Text {
		return card.Text{En: "model, " + d.Name, Zh: "模型（" + decodingZh(d.Name) + "）"}
	}
	for i, d := range decodings {
		own := texts
		if i > 0 {
			own = others[i-1]
		}
		if err := add(&System{Key: "model_" + strings.ReplaceAll(d.Name, " ", "_"), Name: name(d), Model: true}, own); err != nil {
			return err
		}
	}
	for _, b := range baseline.For(kind, known) {
		if err := add(&System{Key: b.Key, Name: card.Text{En: b.En, Zh: b.Zh}, Oracle: b.Oracle}, b.Answers(examples)); err != nil {
			return err
		}
	}
	return m.reportSystems(x)
}

// decodingZh returns the Chinese name of a decoding.
func decodingZh(name string) string {
	return strings.NewReplacer("beam", "束宽", "greedy", "贪心", "sampled", "采样", " of ", "：", " samples", " 个样本", "length penalty", "长度惩罚", "guidance", "引导", " models", " 个模型", ", ", "，").Replace(name)
}
