package evaluation

import (
	"cmp"
	"fmt"
	"strings"

	"euryale/data/task"
	"euryale/data/tokenizer"
	"euryale/evaluation/card"
	"euryale/generation"
)

// note says what is unusual about the examples: sources that the training part has too, references that
// no answer can equal, and sources of unknown words alone.
func (m *Measured) note(gen *generation.Generator, refs [][]string, known []task.Example, o Options) {
	n := len(refs)
	if again := m.repeated(known); again > 0 && o.Part != "train" && gen.Format.Speakers() == nil { // dialogues may begin alike
		part := partNames[o.Part]
		m.addNote(fmt.Sprintf("%d of %d sources of the %s are in the training part too: measures of them are not of unseen text; without data.key and a split column, rows are split by their source", again, n, part.En),
			fmt.Sprintf("%[3]s的 %[2]d 个源文中有 %[1]d 个也在训练部分：对它们的测量不是对未见文本的测量；不设 data.key、也没有 split 列时，各行按源文划分", again, n, part.Zh))
	}
	most := o.Settings.Tokens
	limit := fmt.Sprintf("-length %d", most)
	if context := gen.Model.Common().Context; context > 0 && context-1 < most {
		most, limit = context-1, fmt.Sprintf("model.context = %d", context)
	}
	longer, unknown, cut, first := 0, 0, 0, ""
	for i, s := range m.Samples {
		if why := gen.Format.CutNote(s.Source); why != "" {
			cut, first = cut+1, cmp.Or(first, why)
		}
		ids, err := gen.Tokenizer.EncodeNext(refs[i][0])
		if err == nil && len(ids) > most {
			longer++
		}
		if ids, err = gen.Tokenizer.EncodeNext(s.Source); err == nil && s.Source != "" && len(ids) > 0 {
			if k, ok := tokenizer.UnknownWords(gen.Tokenizer, ids); ok && k == len(ids) {
				unknown++
			}
		}
	}
	if cut > 0 {
		en, zh := "sources", "源文"
		if gen.Format.Speakers() != nil {
			en, zh = "dialogues", "对话"
		}
		m.addNote(fmt.Sprintf("%d of %d %s are longer than the model reads and were cut: of the first, %s", cut, n, en, first),
			fmt.Sprintf("%[2]d 个%[3]s中有 %[1]d 个超出模型可读的长度而被截断", cut, n, zh))
	}
	if longer > 0 {
		m.addNote(fmt.Sprintf("%d of %d references have more than %d tokens, and no answer can be so long (%s)", longer, n, most, limit),
			fmt.Sprintf("%[2]d 个参考答案中有 %[1]d 个超过 %[3]d 个词元，回答不可能这么长（%[4]s）", longer, n, most, limit))
	}
	if unknown > 0 {
		m.addNote(fmt.Sprintf("%d of %d sources consist of words that are not in the vocabulary: the model reads nothing but %s", unknown, n, tokenizer.Unknown),
			fmt.Sprintf("%[2]d 个源文中有 %[1]d 个全由词表以外的词组成：模型读到的只有 %[3]s", unknown, n, tokenizer.Unknown))
	}
}

func (m *Measured) addNote(en, zh string) { m.Notes = append(m.Notes, card.Text{En: en, Zh: zh}) }

// repeated returns how many sources the training part has too.
func (m *Measured) repeated(known []task.Example) (again int) {
	have := map[string]bool{}
	for _, ex := range known {
		have[strings.TrimSpace(ex.Source)] = true
	}
	for _, s := range m.Samples {
		if source := strings.TrimSpace(s.Source); source != "" && have[source] {
			again++
		}
	}
	return again
}
