package questions

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"

	"euryale/evaluation/card"
	"euryale/internal/plottext"
)

// String returns a table of the shares with their intervals.
func (r *Result) String() string {
	rows := append([]Share{}, r.Groups...)
	if len(rows) == 1 && rows[0].Name == "" {
		rows = nil
	}
	all := r.All
	all.Name = "all"
	rows = append(rows, all)
	width := 0
	for _, s := range rows {
		width = max(width, utf8.RuneCountInString(s.name()))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%-*s %7s %8s   95 %% interval\n", width, r.Kind, "n", "right")
	for _, s := range rows {
		fmt.Fprintf(&b, "%-*s %7d %8s   %s\n", width, s.name(), s.N, percent(s.Value), s.interval())
	}
	if r.Chance > 0 {
		fmt.Fprintf(&b, "a guess is right in %s\n", percent(r.Chance))
	}
	if u := r.Unnormalized; u != nil {
		fmt.Fprintf(&b, "by the whole likelihood, not divided by characters: %s right (%s)\n", percent(u.Value), u.interval())
	}
	if r.Kind == Cloze {
		fmt.Fprintf(&b, "perplexity of a word %.2f, %.3f bits per character\n", r.Perplexity, r.BitsPerChar)
	}
	if r.Ties > 0 {
		fmt.Fprintf(&b, "%d pairs are as likely either way, and count as not right\n", r.Ties)
	}
	if r.LeftOut > 0 {
		fmt.Fprintf(&b, "%d left out, the first of them %s\n", r.LeftOut, r.Note)
	}
	return b.String()
}

func (s *Share) name() string {
	if s.Name == "" {
		return "other"
	}
	return s.Name
}

func (s *Share) interval() string { return percent(s.Low) + " to " + percent(s.High) }

func percent(x float64) string { return fmt.Sprintf("%.1f %%", 100*x) }

// titles are those of the kinds' sections.
var titles = map[string]card.Text{
	Pair:   {En: "Minimal pairs", Zh: "最小对立对"},
	Choice: {En: "Multiple choice", Zh: "多项选择"},
	Cloze:  {En: "Last words", Zh: "末词填空"},
}

// methods say how the kinds are measured.
var methods = map[string]card.Text{
	Pair: {En: "A pair is right if the acceptable sentence is likelier as a whole (Warstadt et al. 2020). Intervals are Wilson's, at 95 %; they take pairs as independent, which those of one template are not quite.",
		Zh: "若可接受的句子整句概率更高，则该对判为正确（Warstadt 等 2020）。区间为 95 % 的 Wilson 区间；它假定各对相互独立，而同一模板生成的句对并不完全如此。"},
	Choice: {En: "The choice with the highest log-probability per character is the answer; chance is that of a guess. Intervals are Wilson's, at 95 %.",
		Zh: "以每字符对数概率最高的选项为答案；“随机”指瞎猜的正确率。区间为 95 % 的 Wilson 区间。"},
	Cloze: {En: "A last word is right if each of its tokens is the most likely one (Paperno et al. 2016). Intervals are Wilson's, at 95 %.",
		Zh: "末词的每个词元都是最可能的词元时判为正确（Paperno 等 2016）。区间为 95 % 的 Wilson 区间。"},
}

var notInName = regexp.MustCompile(`[^a-z0-9]+`)

// Section returns the result as a section of a card. File has the questions, Command measured it.
func (r *Result) Section(file, command string) *card.Section {
	base := filepath.Base(file)
	short := strings.Trim(notInName.ReplaceAllString(strings.ToLower(strings.TrimSuffix(base, filepath.Ext(base))), "-"), "-")
	s := &card.Section{Name: strings.Trim(r.Kind+"-"+short, "-"), Title: titles[r.Kind], Command: command,
		Columns: []card.Text{{En: "phenomenon", Zh: "现象"}, {En: "questions", Zh: "题数"}, {En: "right", Zh: "正确率"}, {En: "95 % interval", Zh: "95 % 区间"}},
		Notes:   []card.Text{methods[r.Kind]}, Values: map[string]float64{"accuracy": r.All.Value}}
	s.Title.En, s.Title.Zh = s.Title.En+": "+base, s.Title.Zh+"："+base
	s.Summary = card.Text{
		En: fmt.Sprintf("%s of %d are right (95 %% interval %s to %s).", percent(r.All.Value), r.All.N, percent(r.All.Low), percent(r.All.High)),
		Zh: fmt.Sprintf("%d 题中答对 %s（95 %% 区间 %s 至 %s）。", r.All.N, percent(r.All.Value), percent(r.All.Low), percent(r.All.High)),
	}
	if r.Chance > 0 {
		s.Summary.En += fmt.Sprintf(" A guess is right in %s.", percent(r.Chance))
		s.Summary.Zh += fmt.Sprintf("瞎猜为 %s。", percent(r.Chance))
	}
	for _, g := range r.Groups {
		s.Rows = append(s.Rows, card.Row{Label: card.Same(g.name()), Cells: []string{fmt.Sprint(g.N), percent(g.Value), percent(g.Low) + "–" + percent(g.High)}})
	}
	if r.Kind == Cloze {
		s.Values["perplexity"] = r.Perplexity
	}
	if r.LeftOut > 0 {
		s.Notes = append(s.Notes, card.Text{En: fmt.Sprintf("%d questions are left out: the vocabulary lacks their characters or words.", r.LeftOut),
			Zh: fmt.Sprintf("略去 %d 题：词表缺少其中的字符或词。", r.LeftOut)})
	}
	if len(r.Groups) > 1 {
		s.Pictures = []card.Picture{{SVG: r.draw(), Caption: card.Text{En: "Shares with their intervals; the line is a guess", Zh: "正确率及其区间；竖线为瞎猜"}}}
	}
	return s
}

// draw returns an SVG of the shares with their intervals.
func (r *Result) draw() string {
	const left, width, row, top = 250, 400, 24, 14
	height := top + row*len(r.Groups) + 26
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="720" height="%d" viewBox="0 0 720 %d"><rect width="100%%" height="100%%" fill="white"/>`, height, height)
	at := func(x float64) float64 { return left + width*x }
	for _, x := range []float64{0, 0.25, 0.5, 0.75, 1} {
		fmt.Fprintf(&b, `<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" stroke="#dddddd"/>`, at(x), at(x), top-6, height-22)
		b.WriteString(plottext.Label{X: at(x), Y: float64(height - 6), Size: 12, Anchor: "middle"}.SVG(fmt.Sprintf("%.0f %%", 100*x)))
	}
	if r.Chance > 0 {
		fmt.Fprintf(&b, `<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" stroke="#888888" stroke-dasharray="4 3"/>`, at(r.Chance), at(r.Chance), top-6, height-22)
	}
	for i, s := range r.Groups {
		y := float64(top + row*i + row/2)
		fmt.Fprintf(&b, `<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" stroke="#0072b2" stroke-width="3"/><circle cx="%.1f" cy="%.1f" r="4.5" fill="#0072b2"/>`,
			at(s.Low), at(s.High), y, y, at(s.Value), y)
		b.WriteString(plottext.Label{X: left - 10, Y: y + 4, Size: 13, Anchor: "end"}.SVG(s.name()))
	}
	b.WriteString("</svg>")
	return b.String()
}
