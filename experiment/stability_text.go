package experiment

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"euryale/evaluation/card"
)

// factorNames are the factors in words.
var factorNames = map[string]card.Text{
	"training.seed": {En: "seed: weights, dropout", Zh: "种子：权重与 dropout"}, "training.batch_seed": {En: "order of batches", Zh: "批次顺序"},
	"training.precision": {En: "precision", Zh: "精度"}, "training.shards": {En: "shards", Zh: "分片数"},
}

// name returns the factor in words.
func (f *Factor) name() card.Text {
	if f.batches {
		return card.Text{En: "seed: weights, batches, dropout", Zh: "种子：权重、批次与 dropout"}
	}
	return factorNames[f.Key]
}

// cells returns the columns of a table after the name.
func (f *Factor) cells() []string {
	return []string{strings.Join(f.Values, ", "), fmt.Sprint(f.Runs), fmt.Sprintf("%.4f", f.Mean), fmt.Sprintf("%.4f–%.4f", f.Low, f.High),
		fmt.Sprintf("%.2g", f.SD), fmt.Sprintf("%.2g", f.Range)}
}

// stabilityColumns are the heads of the table.
var stabilityColumns = []card.Text{{En: "runs differ in", Zh: "仅有的差别"}, {En: "values", Zh: "取值"}, {En: "runs", Zh: "训练次数"}, {En: "mean", Zh: "均值"},
	{En: "95 % of the mean", Zh: "均值的 95 % 区间"}, {En: "standard deviation", Zh: "标准差"}, {En: "range", Zh: "极差"}}

// String returns a table.
func (s *Stability) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d runs; last validation loss in nats a token, of %d tokens\n", s.Runs, s.Tokens)
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	var head []string
	for _, c := range stabilityColumns {
		head = append(head, c.En)
	}
	fmt.Fprintln(w, strings.Join(head, "\t"))
	for _, f := range s.Factors {
		fmt.Fprintln(w, f.name().En+"\t"+strings.Join(f.cells(), "\t"))
	}
	w.Flush()
	return b.String()
}

// Section returns the result as a section of a card; command measured it.
func (s *Stability) Section(command string) *card.Section {
	c := &card.Section{Name: "stability", Command: command, Title: card.Text{En: "Stability of training", Zh: "训练的稳定性"},
		Columns: stabilityColumns, Values: map[string]float64{},
		Notes: []card.Text{{
			En: fmt.Sprintf("Last validation loss in nats per token, of %d tokens. Runs of a line are equal in all other settings; the interval of the mean is Student's. Precisions and numbers of shards are chosen and no random sample: their deviation says how far these values are apart.", s.Tokens),
			Zh: fmt.Sprintf("末次验证损失，单位为每词元奈特，在 %d 个词元上计算。同一行的各次训练其余设置全部相同；均值的区间为 t 区间。精度与分片数是选定的取值，不是随机样本，其标准差只说明这些取值之间相差多少。", s.Tokens)}}}
	worst := s.Factors[0]
	for _, f := range s.Factors {
		c.Rows = append(c.Rows, card.Row{Label: f.name(), Cells: f.cells()})
		c.Values["loss_sd_"+strings.TrimPrefix(f.Key, "training.")] = f.SD
		if f.SD > worst.SD {
			worst = f
		}
	}
	c.Summary = card.Text{
		En: fmt.Sprintf("Over %d runs of this configuration, the final loss varies most with: %s (standard deviation %.2g nats per token).", s.Runs, worst.name().En, worst.SD),
		Zh: fmt.Sprintf("在同一配置的 %d 次训练中，最终损失变动最大的因素是：%s（标准差为每词元 %.2g 奈特）。", s.Runs, worst.name().Zh, worst.SD)}
	return c
}
