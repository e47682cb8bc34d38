package evaluation

import (
	"fmt"
	"math"

	"euryale/evaluation/card"
)

// Sentences say of each other system whether the model is better or worse in the most important measure that is not 0
// everywhere, and by how much.
func (m *Measured) Sentences() (all []card.Text) {
	measure := m.headline()
	if len(m.Systems) < 2 || measure == "" {
		return nil
	}
	for _, s := range m.Systems[1:] {
		if g, known := s.Gain(measure); known {
			all = append(all, sentence(measure, m.Systems[0].Name, s, g))
		}
	}
	return all
}

// headline returns the measure of the sentences, or "": BLEU, for one, is 0 of answers of fewer than four tokens.
func (m *Measured) headline() string {
	for _, name := range m.main {
		for _, s := range m.Systems {
			if v, _ := s.Scores.Get(name); v != 0 {
				return name
			}
		}
	}
	return ""
}

func sentence(measure string, model card.Text, s *System, g Gain) card.Text {
	name := measureNames[measure]
	low, high := math.Min(math.Abs(g.Low), math.Abs(g.High)), math.Max(math.Abs(g.Low), math.Abs(g.High))
	by := fmt.Sprintf("%s (%s–%s)", number(measure, math.Abs(g.Value)), number(measure, low), number(measure, high))
	other := s.Name
	if s.Oracle {
		other = card.Text{En: other.En + ", which knows the reference,", Zh: other.Zh + "（已知参考答案）"}
	}
	switch {
	case !g.Excludes(0):
		return card.Text{
			En: fmt.Sprintf("%s: no difference between %s and %s is shown (%s to %s).", name.En, model.En, other.En, signed(measure, g.Low), signed(measure, g.High)),
			Zh: fmt.Sprintf("%s：%s与%s之间未见差异（%s 至 %s）。", name.Zh, model.Zh, other.Zh, signed(measure, g.Low), signed(measure, g.High))}
	case g.Value > 0:
		return card.Text{En: fmt.Sprintf("%s: %s is better than %s by %s.", name.En, model.En, other.En, by), Zh: fmt.Sprintf("%s：%s比%s高 %s。", name.Zh, model.Zh, other.Zh, by)}
	}
	return card.Text{En: fmt.Sprintf("%s: %s is worse than %s by %s.", name.En, model.En, other.En, by), Zh: fmt.Sprintf("%s：%s比%s低 %s。", name.Zh, model.Zh, other.Zh, by)}
}
