package evaluation

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"euryale/evaluation/card"
)

// notInName are the characters of a file's name that a section's cannot have.
var notInName = regexp.MustCompile("[^a-z0-9]+")

// Section returns the part of a run's card that says in how many texts of a file the watermark was
// found; command measured it. Each file has a section of its own.
func (d *Detected) Section(file, command string) *card.Section {
	base := filepath.Base(file)
	s := &card.Section{Name: strings.Trim("watermark-"+notInName.ReplaceAllString(strings.ToLower(base), "-"), "-"), Command: command,
		Title: card.Text{En: "Watermark in " + base, Zh: base + " 中的水印"},
		Summary: card.Text{
			En: fmt.Sprintf("The watermark (%s) was found in %s of %d texts at p < %v.", d.Key, percent(d.Share), d.Tested, DetectLevel),
			Zh: fmt.Sprintf("在 p < %[4]v 的水平上，%[3]d 篇文本中有 %[2]s 检出水印（%[1]s）。", d.Key, percent(d.Share), d.Tested, DetectLevel)},
		Columns: []card.Text{{En: "texts", Zh: "文本"}, {En: "number", Zh: "数量"}},
		Notes: []card.Text{{
			En: "Kirchenbauer et al. 2023; Dathathri et al. 2024. Texts of people are found at this level in 1 % of cases; texts of the model without the key as well.",
			Zh: "Kirchenbauer 等，2023；Dathathri 等，2024。在这一水平上，人写的文本以及没有密钥的模型文本也有 1 % 会被误判。"}},
		Values: map[string]float64{"found": d.Share.Value}}
	for _, r := range []struct {
		en, zh string
		n      int
	}{{"tested", "已检测", d.Tested}, {"found", "检出", d.Found}, {"too short", "过短", d.TooShort}, {"without tokens", "没有词元", d.Unreadable}} {
		s.Rows = append(s.Rows, card.Row{Label: card.Text{En: r.en, Zh: r.zh}, Cells: []string{fmt.Sprint(r.n)}})
	}
	return s
}
