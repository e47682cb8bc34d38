package evaluation

import (
	"fmt"

	"euryale/evaluation/card"
)

// Sections returns the parts of a run's card that say what it remembers; command measured it.
func (m *Memory) Sections(command string) []*card.Section {
	sections := []*card.Section{m.copiesSection(command)}
	if len(m.Canaries) > 0 {
		sections = append(sections, m.exposureSection(command))
	}
	return sections
}

func (m *Memory) copiesSection(command string) *card.Section {
	e, c := m.Extracted, m.Control
	s := &card.Section{Name: "memorisation", Command: command,
		Title: card.Text{En: "Memorisation", Zh: "记忆"},
		Summary: card.Text{
			En: fmt.Sprintf("Of %d prompts of %d tokens from the training text, the model continues %s word for word; of as many from held-out text, %s.", e.Prompts, e.Prefix, percent(e.Exact), percent(c.Exact)),
			Zh: fmt.Sprintf("取训练文本中 %d 段 %d 个词元作提示，模型逐字续写出 %s；对留出文本为 %s。", e.Prompts, e.Prefix, percent(e.Exact), percent(c.Exact))},
		Columns: []card.Text{{En: "measure", Zh: "指标"}, {En: "model or training text", Zh: "模型或训练文本"}, {En: "held-out text", Zh: "留出文本"}},
		Notes: []card.Text{{
			En: "Texts are generated at temperature 1 without a prompt, prompts are continued greedily (Carlini et al. 2023). Text that repeats in the corpus stands in the held-out text too: the difference of the columns is what counts.",
			Zh: "文本在温度 1 下无提示生成，提示用贪心法续写（Carlini 等，2023）。语料中重复的文字也会出现在留出文本里，因此应看两列之差。"}},
		Values: map[string]float64{"extracted": e.Exact.Value, "extracted_held_out": c.Exact.Value, "longest_copied_chars": float64(m.Copied.Chars)}}
	row := func(en, zh, a, b string) {
		s.Rows = append(s.Rows, card.Row{Label: card.Text{En: en, Zh: zh}, Cells: []string{a, b}})
	}
	for i, n := range GramSizes {
		row(fmt.Sprintf("%d-grams of characters in the training text", n), fmt.Sprintf("训练文本中出现的 %d 字 n-gram", n), percent(m.Copied.Grams[i]), percent(m.HeldOut.Grams[i]))
	}
	row("longest copied characters", "最长的复制字符数", fmt.Sprint(m.Copied.Chars), fmt.Sprint(m.HeldOut.Chars))
	row("continued word for word", "逐字续写", percent(e.Exact), percent(c.Exact))
	row("tokens until the first difference", "首个不同之前的词元数", fmt.Sprintf("%.2f", e.Matched), fmt.Sprintf("%.2f", c.Matched))
	return s
}

func (m *Memory) exposureSection(command string) *card.Section {
	s := &card.Section{Name: "exposure", Command: command,
		Title:   card.Text{En: "Exposure of canaries", Zh: "金丝雀的暴露度"},
		Columns: []card.Text{{En: "secret", Zh: "秘密"}, {En: "planted", Zh: "植入次数"}, {En: "exposure in bits", Zh: "暴露度（比特）"}, {En: "95 %", Zh: "95 %"}, {En: "rank", Zh: "名次"}},
		Notes: []card.Text{{
			En: fmt.Sprintf("Exposure is log₂ of the number of secrets less log₂ of the rank of the planted one (Carlini et al. 2019); at most %.1f bits here, and 1.44 in the mean for a secret that is not planted.", m.Secrets),
			Zh: fmt.Sprintf("暴露度是秘密总数的 log₂ 减去植入秘密名次的 log₂（Carlini 等，2019）；此处最大 %.1f 比特，未植入的秘密平均为 1.44。", m.Secrets)}}}
	most, unplanted := 0.0, 0.0
	for _, x := range m.Canaries {
		most = max(most, x.Exposure)
	}
	for _, x := range m.Unplanted {
		unplanted += x.Exposure / float64(len(m.Unplanted))
	}
	for _, x := range append(append([]Exposed{}, m.Canaries...), m.Unplanted...) {
		s.Rows = append(s.Rows, card.Row{Label: card.Same(x.Secret),
			Cells: []string{fmt.Sprint(x.Repeats), fmt.Sprintf("%.2f", x.Exposure), fmt.Sprintf("%.2f–%.2f", x.Low, x.High), x.Method}})
	}
	s.Summary = card.Text{
		En: fmt.Sprintf("The greatest exposure of a planted secret is %.1f of %.1f bits; secrets that were not planted have %.1f in the mean.", most, m.Secrets, unplanted),
		Zh: fmt.Sprintf("植入的秘密的最大暴露度为 %.1f 比特（上限 %.1f）；未植入的平均为 %.1f。", most, m.Secrets, unplanted)}
	s.Values = map[string]float64{"exposure_most": most, "exposure_unplanted": unplanted}
	return s
}
