package evaluation

import (
	"fmt"
	"strings"

	"euryale/evaluation/card"
)

// partNames are the parts of a corpus in words.
var partNames = map[string]card.Text{"train": {En: "training part", Zh: "训练部分"}, "valid": {En: "validation part", Zh: "验证部分"}, "test": {En: "test part", Zh: "测试部分"}}

// measureNames are the measures of a report in words; others keep their names.
var measureNames = map[string]card.Text{
	"tokens": {En: "tokens", Zh: "词元"}, "chars": {En: "characters", Zh: "字符"}, "bytes": {En: "bytes", Zh: "字节"}, "words": {En: "words and ends of lines", Zh: "词与行尾"},
	"nll_per_token": {En: "nats per token", Zh: "每词元奈特"}, "perplexity": {En: "perplexity", Zh: "困惑度"}, "word_perplexity": {En: "perplexity of words", Zh: "词困惑度"},
	"perplexity_per_char": {En: "perplexity of characters", Zh: "字符困惑度"},
	"bits_per_byte":       {En: "bits per byte", Zh: "每字节比特"}, "bits_per_char": {En: "bits per character", Zh: "每字符比特"},
	"bleu": {En: "BLEU", Zh: "BLEU"}, "chrf2": {En: "chrF2", Zh: "chrF2"}, "rouge_1": {En: "ROUGE-1", Zh: "ROUGE-1"}, "rouge_2": {En: "ROUGE-2", Zh: "ROUGE-2"}, "rouge_l": {En: "ROUGE-L", Zh: "ROUGE-L"},
	"exact_match": {En: "exact match", Zh: "完全一致"}, "distinct_1": {En: "distinct-1", Zh: "distinct-1"}, "distinct_2": {En: "distinct-2", Zh: "distinct-2"},
	"repetition_4": {En: "repetition of 4-grams", Zh: "4 元重复率"}, "distinct_2_of_people": {En: "distinct-2 of the corpus", Zh: "语料的 distinct-2"},
	"repetition_4_of_people": {En: "repetition of 4-grams in the corpus", Zh: "语料的 4 元重复率"}, "longest_copied_chars": {En: "longest copy of the training text, characters", Zh: "照抄训练文本的最长片段（字符）"},
	"texts": {En: "texts", Zh: "文本数"}, "same_shape": {En: "same shape", Zh: "形式一致"}, "words_of_lead": {En: "words of the lead baseline", Zh: "Lead 基线的词数"},
	"rouge_1_of_lead": {En: "ROUGE-1 of the lead baseline", Zh: "Lead 基线的 ROUGE-1"}, "rouge_2_of_lead": {En: "ROUGE-2 of the lead baseline", Zh: "Lead 基线的 ROUGE-2"},
	"self_bleu": {En: "self-BLEU", Zh: "self-BLEU"}, "copied_whole": {En: "answers that equal one of the training part", Zh: "与训练回答完全相同的比例"},
	"copied_within": {En: "answers that stand within one of the training part", Zh: "见于训练回答之中的比例"}, "copied_whole_of_references": {En: "the same of the references", Zh: "参考答案的同一比例（完全相同）"},
	"copied_within_of_references": {En: "the same of the references", Zh: "参考答案的同一比例（见于其中）"}, "knowledge_f1": {En: "knowledge F1", Zh: "知识 F1"},
	"slot_success": {En: "slots of the order right", Zh: "点单槽位全对"}, "slot_precision": {En: "precision of slots", Zh: "槽位精确率"}, "slot_recall": {En: "recall of slots", Zh: "槽位召回率"},
	"rouge_l_of_lead": {En: "ROUGE-L of the lead baseline", Zh: "Lead 基线的 ROUGE-L"},
}

// PartName returns the name of a part in both languages.
func PartName(part string) card.Text { return partNames[part] }

// MeasureName returns the name of a measure in both languages.
func MeasureName(name string) card.Text {
	if label, known := measureNames[name]; known {
		return label
	}
	return card.Same(name)
}

// LowerIsBetter reports whether a measure is the better, the lower it is.
func LowerIsBetter(name string) bool {
	return strings.HasPrefix(name, "copied_") || name == "self_bleu"
}

// Section returns what was measured on a part of the corpus as a section of a card; command measured it.
func (m *Measured) Section(part, command string) *card.Section {
	name := partNames[part]
	s := &card.Section{Name: "corpus-" + part, Command: command, Title: card.Text{En: "On the " + name.En + " of the corpus", Zh: "语料的" + name.Zh},
		Columns: []card.Text{{En: "measure", Zh: "指标"}, {En: "value", Zh: "值"}}, Values: map[string]float64{}}
	for _, v := range m.Report {
		text := fmt.Sprintf("%.4g", v.Value)
		if v.Value == float64(int(v.Value)) {
			text = grouped(int(v.Value))
		}
		if of, known := m.Intervals[v.Name]; known {
			text += fmt.Sprintf(" (%s–%s)", number(v.Name, of.Low), number(v.Name, of.High))
		}
		s.Rows = append(s.Rows, card.Row{Label: MeasureName(v.Name), Cells: []string{text}})
	}
	m.sectionSystems(s)
	for _, key := range []string{"perplexity", "bits_per_char", "bleu", "rouge_l"} {
		if v, ok := m.Report.Get(key); ok {
			s.Values[key] = v
		}
	}
	if v, ok := m.Report.Get("bits_per_char"); ok {
		s.Summary = card.Text{En: fmt.Sprintf("%.3f bits per character.", v), Zh: fmt.Sprintf("每字符 %.3f 比特。", v)}
	}
	if part == "train" {
		s.Notes = []card.Text{{En: "The model was trained on this text: the figures say nothing of other texts.", Zh: "模型正是在这些文本上训练的：这些数字不说明它在其他文本上的表现。"}}
	}
	return s
}

// sectionSystems adds how the model compares with its other decodings and with the baselines.
func (m *Measured) sectionSystems(s *card.Section) {
	measure := m.headline()
	if len(m.Systems) < 2 || measure == "" {
		return
	}
	name := MeasureName(measure)
	for _, other := range m.Systems[1:] {
		s.Rows = append(s.Rows, card.Row{Label: card.Text{En: name.En + " of " + other.Name.En, Zh: other.Name.Zh + "的 " + name.Zh}, Cells: []string{other.Score(measure)}})
	}
	s.Notes = append(s.Notes, m.Sentences()...)
	for _, signature := range m.Signatures {
		s.Notes = append(s.Notes, card.Same(signature))
	}
}
