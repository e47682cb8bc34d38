package evaluation

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"euryale/evaluation/card"
	"euryale/models"
	"euryale/training"
	"euryale/training/rundir"
)

// samplesInCard is the number of generated texts that a card shows.
const samplesInCard = 3

// Card returns the card of a run: its model, its data and its training, and all that was measured of it and
// kept in its directory. Model is the fingerprint of the weights that the card is of.
func Card(s *training.Saved, model string) (*card.Card, error) {
	measured, err := card.Load(s.Dir)
	if err != nil {
		return nil, err
	}
	origin, err := training.ReadOrigin(s.Dir)
	if err != nil {
		return nil, err
	}
	records, err := rundir.ReadMetrics(s.Dir)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	d := &described{Saved: s, origin: origin}
	for _, r := range records {
		d.step = max(d.step, r.Step)
		if v, ok := r.Values["val_loss"]; ok && (d.best == 0 || v < d.best) {
			d.best = v
		}
		d.seconds = max(d.seconds, r.Values["seconds"])
	}
	c := &card.Card{Name: runName(s.Dir), Summary: d.summary(), Languages: languages[d.Config.Data.Name], Model: model,
		Tags: []string{"text-generation", "euryale", d.Config.ModelName}, Measured: measured, Config: d.Config.String(), Samples: samples(s.Dir)}
	c.About = []card.Section{d.model(), d.data(), d.training()}
	c.Limits, c.Missing = d.limits(), missing(s, measured)
	return c, nil
}

// runName returns the name of a run's directory.
func runName(dir string) string {
	if whole, err := filepath.Abs(dir); err == nil {
		dir = whole
	}
	return filepath.Base(dir)
}

// languages are those of the named corpora.
var languages = map[string][]string{"opticks": {"en"}, "tinyshakespeare": {"en"}, "coffee": {"en"}, "debian": {"en"},
	"tang": {"zh"}, "kdconv": {"zh"}, "tatoeba": {"en", "zh"}, "tales": {"en", "zh"}}

// described is a run to be described.
type described struct {
	*training.Saved
	origin  *training.Origin // nil: unknown
	step    int
	best    float64 // lowest validation loss
	seconds float64 // of training
}

// corpus returns the name of the corpus, without the directories of a path.
func (d *described) corpus() string {
	if d.Config.Data.Name == "" {
		return ""
	}
	return filepath.Base(d.Config.Data.Name)
}

// tasks are the keys of data.task in words.
var tasks = map[string]card.Text{
	"lm": {En: "a language model", Zh: "语言模型"}, "mask": {En: "a masked language model", Zh: "掩码语言模型"},
	"pairs": {En: "a model that answers a source text", Zh: "由源文本生成答案的模型"}, "dialogue": {En: "a model of dialogues", Zh: "对话模型"},
	"summary": {En: "a model of summaries", Zh: "摘要模型"},
}

func (d *described) summary() card.Text {
	task, known := tasks[d.Config.Data.Task]
	if !known {
		task = tasks["lm"]
	}
	t := card.Text{En: fmt.Sprintf("%s: %s", d.Config.ModelName, task.En), Zh: fmt.Sprintf("%s：%s", d.Config.ModelName, task.Zh)}
	if n := d.Weights.Count(); n > 0 {
		t.En += fmt.Sprintf(" with %s parameters", grouped(n))
		t.Zh += fmt.Sprintf("，参数 %s 个", grouped(n))
	}
	if name := d.corpus(); name != "" {
		t.En += ", trained on " + name
		t.Zh += "，训练语料为 " + name
	}
	t.En, t.Zh = t.En+".", t.Zh+"。"
	return t
}

// grouped returns a number with spaces between groups of three digits.
func grouped(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + " " + text[i:]
	}
	return text
}

// fact returns a row of a table of two columns.
func fact(en, zh string, value any) card.Row {
	return card.Row{Label: card.Text{En: en, Zh: zh}, Cells: []string{fmt.Sprint(value)}}
}

// factColumns are the heads of such a table.
var factColumns = []card.Text{{En: "property", Zh: "项目"}, {En: "value", Zh: "值"}}

func (d *described) model() card.Section {
	rows := []card.Row{fact("model", "模型", d.Config.ModelName)}
	if n := d.Weights.Count(); n > 0 {
		rows = append(rows, fact("parameters", "参数", grouped(n)))
	}
	sizes := d.Config.Model.Common()
	return card.Section{Name: "model", Title: card.Text{En: "Model", Zh: "模型"}, Columns: factColumns, Rows: append(rows,
		fact("context", "上下文长度", fmt.Sprintf("%d", sizes.Context)),
		fact("tokenizer", "分词器", d.Tokenizer.Kind()), fact("vocabulary", "词表", grouped(d.Tokenizer.Vocab())))}
}

func (d *described) data() card.Section {
	s := card.Section{Name: "data", Title: card.Text{En: "Training data", Zh: "训练数据"}, Columns: factColumns}
	if d.origin == nil {
		s.Summary = card.Text{En: "The run keeps no record of its corpus: it was imported, or trained by an earlier version.", Zh: "本次训练没有语料记录：模型是导入的，或由较早版本训练。"}
		return s
	}
	o := d.origin
	source, licence := o.Source, card.Text{En: o.Licence, Zh: o.Licence}
	if source == d.Config.Data.Name {
		source = d.corpus()
	}
	if o.Licence == "" {
		licence = card.Text{En: "unknown: establish it before you share the weights", Zh: "未知：分享权重之前请先查明"}
		s.Notes = []card.Text{{En: "Licence: " + licence.En + ".", Zh: "许可：" + licence.Zh + "。"}}
	}
	s.Rows = []card.Row{fact("corpus", "语料", d.corpus()), fact("origin", "来源", source)}
	if o.Licence != "" {
		s.Rows = append(s.Rows, fact("licence", "许可", o.Licence))
	}
	s.Rows = append(s.Rows, fact("bytes of text", "文本字节", grouped(int(o.Bytes))), fact("tokens to train on", "训练词元", grouped(o.Train)),
		fact("tokens to validate on", "验证词元", grouped(o.Valid)))
	if o.Test > 0 {
		s.Rows = append(s.Rows, fact("tokens to test on", "测试词元", grouped(o.Test)))
	}
	s.Rows = append(s.Rows, fact("fingerprint", "指纹", o.Fingerprint))
	return s
}

func (d *described) training() card.Section {
	c := d.Config
	s := card.Section{Name: "training", Title: card.Text{En: "Training", Zh: "训练"}, Columns: factColumns}
	if _, counts := c.Model.(models.Predictor); counts {
		s.Rows = append(s.Rows, fact("method", "方法", "one pass of counting · 一遍计数"))
	} else {
		s.Rows = append(s.Rows, fact("updates", "更新次数", grouped(d.step)), fact("sequences per update", "每次更新的序列", c.Training.Batch*c.Training.Accumulate),
			fact("optimizer", "优化器", fmt.Sprintf("%s, lr %g", c.Optimizer.Name, c.Optimizer.LR)), fact("precision", "精度", c.Training.Precision), fact("seed", "种子", c.Training.Seed))
	}
	if d.seconds > 0 {
		s.Rows = append(s.Rows, fact("time", "用时", time.Duration(d.seconds*float64(time.Second)).Round(time.Second)))
	}
	if d.best > 0 {
		s.Rows = append(s.Rows, fact("lowest validation loss", "最低验证损失", fmt.Sprintf("%.4f", d.best)))
	}
	if svg, err := os.ReadFile(filepath.Join(d.Dir, "loss.svg")); err == nil {
		if at := strings.Index(string(svg), "<svg"); at >= 0 {
			s.Pictures = []card.Picture{{SVG: string(svg[at:]), Caption: card.Text{En: "Loss during training", Zh: "训练中的损失"}}}
		}
	}
	return s
}

// limits says what the card's readers should not expect.
func (d *described) limits() []card.Text {
	name := d.corpus()
	if name == "" {
		name = "…"
	}
	all := []card.Text{
		{En: "The model continues text as its corpus does (" + name + "); it does not know what is true, and was not trained to be safe.", Zh: "模型只会像其语料（" + name + "）那样续写文本；它不辨真伪，也未做安全训练。"},
		{En: "The figures hold for the texts that they were measured on, and texts like them.", Zh: "各项数字只适用于所测文本及类似文本。"},
	}
	if d.origin != nil && d.origin.Train > 0 && d.Weights.Count() > d.origin.Train {
		all = append(all, card.Text{En: fmt.Sprintf("There are more parameters (%s) than tokens to train on (%s): it can have learned passages by heart.", grouped(d.Weights.Count()), grouped(d.origin.Train)),
			Zh: fmt.Sprintf("参数（%s）多于训练词元（%s）：模型可能已背下部分原文。", grouped(d.Weights.Count()), grouped(d.origin.Train))})
	}
	return all
}

// measures are those that a card should have: what section names begin with, and the command.
var measures = []struct {
	name    string
	what    card.Text
	command string
}{
	{"corpus-", card.Text{En: "Loss on held-out text, and generated texts", Zh: "留出文本上的损失与生成文本"}, "evaluate -run %s"},
	{"pairs-", card.Text{En: "Grammar, by minimal pairs", Zh: "语法：最小对立对"}, "evaluate -run %s -pairs FILE"},
	{"noise", card.Text{En: "Robustness to noise", Zh: "抗噪性"}, "evaluate -run %s -score FILE -noise typos,case,width,homophones"},
	{"memorisation", card.Text{En: "Memorisation of the training text", Zh: "对训练文本的记忆"}, "evaluate -run %s -copied"},
	{"stability", card.Text{En: "Stability of training", Zh: "训练的稳定性"}, "evaluate -run %s -stability 'RUNS/*'"},
}

// missing lists what was not measured of a run.
func missing(s *training.Saved, measured []card.Section) (all []card.Missing) {
	for _, m := range measures {
		found := s.Config.Data.Name == "" && m.name == "corpus-"
		for _, section := range measured {
			found = found || strings.HasPrefix(section.Name, m.name)
		}
		if !found {
			all = append(all, card.Missing{What: m.what, Command: fmt.Sprintf(m.command, s.Dir)})
		}
	}
	return all
}

// samples returns some texts of the run's last evaluation.
func samples(dir string) (texts []string) {
	raw, err := os.ReadFile(filepath.Join(dir, "eval.json"))
	var e struct{ Samples []Sample }
	if err != nil || json.Unmarshal(raw, &e) != nil {
		return nil // there was none, or it is not ours
	}
	for _, s := range e.Samples[:min(samplesInCard, len(e.Samples))] {
		text := s.Text
		if s.Source != "" {
			text = s.Source + "\n→ " + s.Text
		}
		texts = append(texts, text)
	}
	return texts
}
