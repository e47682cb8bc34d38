package baseline

import (
	"fmt"
	"strings"

	"euryale/data/task"
)

// Baseline is a way to answer examples.
type Baseline struct {
	Key    string // in JSON: "lead", "oracle", "nearest", "memory", "copy" or "ngram"
	En, Zh string // its name
	Oracle bool   // it knows the reference
	answer func(task.Example) string
}

// Answers returns the answers to examples.
func (b *Baseline) Answers(examples []task.Example) []string {
	answers := make([]string, len(examples))
	for i, ex := range examples {
		answers[i] = strings.TrimSpace(b.answer(ex))
	}
	return answers
}

// For returns the baselines of a task ("pairs", "dialogue" or "summary"), which know the examples of the
// training part. Without sources there are none.
func For(kind string, known []task.Example) []*Baseline {
	hasSource := false
	for _, ex := range known {
		hasSource = hasSource || ex.Source != ""
	}
	if !hasSource {
		return nil
	}
	nearest := newIndex(kind, known)
	grams := newGrams(known)
	copied := &Baseline{"copy", "copy of the source", "照抄源文", false, func(ex task.Example) string { return plainSource(kind, ex.Source) }}
	ngram := &Baseline{"ngram", "n-grams with the source's words", "用源文词语的 n 元模型", false,
		func(ex task.Example) string { return grams.answer(plainSource(kind, ex.Source)) }}
	similar := &Baseline{"nearest", "nearest neighbour", "最近邻", false, nearest.answer}
	switch kind {
	case "summary":
		n := leadWords(known)
		return []*Baseline{
			{"lead", fmt.Sprintf("lead-%d", n), fmt.Sprintf("lead-%d", n), false, func(ex task.Example) string { return lead(ex.Source, n) }},
			similar, ngram,
			{"oracle", "oracle extraction", "抽取上限", true, oracle},
		}
	case "dialogue":
		copied.En, copied.Zh = "copy of the last turn", "照抄上一句"
		return []*Baseline{similar, copied, ngram}
	}
	similar.Key, similar.En, similar.Zh = "memory", "translation memory", "翻译记忆"
	return []*Baseline{similar, copied, ngram}
}

// plainSource returns a source as a text: of a dialogue the last turn, without the speakers' names.
func plainSource(kind, source string) string {
	if kind != "dialogue" {
		return strings.ReplaceAll(source, "\t", " ")
	}
	turns := turnsOf(source)
	if len(turns) == 0 {
		return ""
	}
	return turns[len(turns)-1]
}

// turnsOf returns the turns of a dialogue's source, which ends with the name of the next speaker.
func turnsOf(source string) (turns []string) {
	lines := strings.Split(source, "\n")
	for _, line := range lines[:len(lines)-1] {
		if more, continues := strings.CutPrefix(line, "\t"); continues && len(turns) > 0 {
			turns[len(turns)-1] += "\n" + more
			continue
		}
		_, text, _ := strings.Cut(line, ": ")
		turns = append(turns, text)
	}
	return turns
}
