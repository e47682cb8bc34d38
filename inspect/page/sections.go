package page

import (
	"context"
	"fmt"

	"euryale/inspect/view"
)

// section is a section and how its figure is computed.
type section struct {
	Section
	compute func(ctx context.Context, t *view.Text, o Options) (*view.Figure, []Words, error)
}

// of returns a section whose figure follows from the text alone.
func of(name string, title, what Words, paper string, f func(t *view.Text) (*view.Figure, error)) section {
	return section{Section{Name: name, Title: title, What: what, Paper: paper}, func(_ context.Context, t *view.Text, _ Options) (*view.Figure, []Words, error) {
		figure, err := f(t)
		return figure, nil, err
	}}
}

// with returns a section whose figure follows from the options too.
func with(name string, title, what Words, paper string, f func(ctx context.Context, t *view.Text, o Options) (*view.Figure, []Words, error)) section {
	return section{Section{Name: name, Title: title, What: what, Paper: paper}, f}
}

// sections returns the sections of the page, in their order.
func sections() []section {
	return append(append(ofTokens(), ofLayers()...), ofCorpus()...)
}

// ofTokens returns the sections on what predictions are and what they rest on.
func ofTokens() []section {
	return []section{
		of("predictions", Words{"Predictions", "预测"},
			Words{"Log-probability in nats, rank and entropy of every token under the model; hovering over a token lists what the model finds most likely there.",
				"每个词元在模型下的对数概率（奈特）、排名和熵；指向词元可看此处最可能的词元。"}, "", view.Predictions),
		of("gradient", Words{"Gradient × input", "梯度×输入"},
			Words{"What each prediction rests on: the sum over the columns of a token's embedding times the gradient of the predicted token's log-probability. A row for each predicted token; hovering over a token colours the text by its row.",
				"每个预测依据哪些词元：词元嵌入与所预测词元对数概率的梯度逐列相乘后求和。每行对应一个被预测的词元；指向词元时，文本按该行着色。"}, "Shrikumar et al. 2016", gradientOfAll),
		with("integrated", Words{"Integrated gradients", "积分梯度"},
			Words{"What one output rests on, by the mean gradient on the way from embeddings of zero. The values add up to the difference that the text makes.",
				"一个输出依据哪些词元：从零嵌入到文本嵌入的路径上梯度的平均。各值之和等于文本带来的差异。"}, "Sundararajan et al. 2017",
			func(_ context.Context, t *view.Text, o Options) (*view.Figure, []Words, error) {
				f, err := view.IntegratedGradients(t, o.Output)
				return f, explainedOutput(t, o.Output), err
			}),
		with("occlusion", Words{"Occlusion", "遮挡"},
			Words{"How much the same output falls when the embedding of one token is set to zero.", "把一个词元的嵌入置零后，同一输出下降多少。"}, "Li et al. 2016",
			func(ctx context.Context, t *view.Text, o Options) (*view.Figure, []Words, error) {
				f, err := view.Occlusion(ctx, t, o.Output)
				return f, explainedOutput(t, o.Output), err
			}),
	}
}

// explainedOutput says which output a figure explains.
func explainedOutput(t *view.Text, o view.Output) []Words {
	if o.Token < 0 {
		return nil
	}
	token := t.Piece(o.Token)
	if o.Against >= 0 {
		return []Words{{fmt.Sprintf("The logit of %q minus that of %q at position %d.", token, t.Piece(o.Against), o.At), fmt.Sprintf("位置 %d 处 %q 与 %q 的 logit 之差。", o.At, token, t.Piece(o.Against))}}
	}
	return []Words{{fmt.Sprintf("The prediction of %q at position %d.", token, o.At), fmt.Sprintf("位置 %d 处对 %q 的预测。", o.At, token)}}
}

// mostOutputs is the number of predictions whose gradients the page shows, the last ones.
const mostOutputs = 48

// gradientOfAll returns gradient × input of the text's predictions.
func gradientOfAll(t *view.Text) (*view.Figure, error) {
	var outputs []view.Output
	for at, id := range t.Targets {
		if id >= 0 {
			outputs = append(outputs, view.Output{At: at, Token: id, Against: -1})
		}
	}
	return view.GradientInput(t, outputs[max(0, len(outputs)-mostOutputs):]...)
}

// mostUnits is the number of units of a recurrent layer that the page shows.
const mostUnits = 40

// ofLayers returns the sections on what layers do with the text.
func ofLayers() []section {
	return []section{
		of("attention", Words{"Attention", "注意力"},
			Words{"Attention weights of each head: a row for each token, a column for each that it attends to.", "各注意力头的权重：每行一个词元，每列一个它所关注的词元。"}, "", view.Attention),
		of("rollout", Words{"Attention rollout", "注意力展开"},
			Words{"How much of each token reaches each position through all layers, if half of a layer's input passes by unchanged.", "假设每层输入有一半原样通过，各词元经所有层到达各位置的比例。"}, "Abnar and Zuidema 2020", view.Rollout),
		of("lens", Words{"Logit lens", "logit 透镜"},
			Words{"What the model would predict after each token if it ended after that block: the most likely token and its probability, then the log-probability of the text's next token. The last row is the model's own prediction.",
				"若模型在该块之后结束，它在每个词元之后会预测什么：最可能的词元及其概率，以及文本中下一词元的对数概率。最后一行是模型自己的预测。"}, "nostalgebraist 2020", view.LogitLens),
		with("attribution", Words{"Direct logit attribution", "logit 直接归因"},
			Words{"What each head and MLP adds to the logit of one output, with the scale of the final norm frozen. All values add up to the logit.", "冻结末端归一化的尺度后，每个头和 MLP 对一个输出的 logit 的贡献。所有值之和等于该 logit。"}, "Elhage et al. 2021",
			func(_ context.Context, t *view.Text, o Options) (*view.Figure, []Words, error) {
				f, err := view.Attribution(t, o.Output)
				return f, explainedOutput(t, o.Output), err
			}),
		of("gates", Words{"Gates and states", "门与状态"},
			Words{"Gates and states of the recurrent layers: a row for each unit, a column for each token; the 40 units of a layer that vary most.", "循环层的门与状态：每行一个单元，每列一个词元；每层显示变化最大的 40 个单元。"}, "Karpathy et al. 2015",
			func(t *view.Text) (*view.Figure, error) { return view.Gates(t, mostUnits) }),
		with("patching", Words{"Activation patching", "激活替换"},
			Words{"The value that a layer has for one token of the clean prompt takes the place of its own: 0 leaves the output of this text, 1 restores that of the clean one.", "把某层在干净提示中一个词元处的值换到本文本中：0 表示输出不变，1 表示完全恢复干净提示的输出。"}, "Meng et al. 2022", patching),
	}
}

func patching(ctx context.Context, t *view.Text, o Options) (*view.Figure, []Words, error) {
	if o.Clean == nil {
		return nil, nil, &view.Unfit{English: "patching compares two prompts: give -patch-from TEXT, as long as the prompt", Chinese: "激活替换需要两个提示：请给出与提示等长的 -patch-from TEXT"}
	}
	f, err := view.Patching(ctx, o.Corrupted, o.Clean, o.Patched)
	return f, explainedOutput(t, o.Patched), err
}

// The sizes of the views of other text.
const (
	ablatedUnits  = 6
	excitedUnits  = 4
	excitingTexts = 3
)

// ofCorpus returns the sections that read other text than the prompt.
func ofCorpus() []section {
	return []section{
		with("ablation", Words{"Ablation", "消融"},
			Words{"How much the loss of a token rises, in nats, when a layer, a head or a unit is set to zero; hovering gives 95 % intervals. Units are those with the largest values.", "把某层、某个头或某个单元置零后，每个词元的损失上升多少奈特；指向单元格可看 95% 置信区间。所列单元是取值最大的。"}, "",
			func(ctx context.Context, t *view.Text, o Options) (*view.Figure, []Words, error) {
				f, err := view.Ablation(ctx, t.Model, t.Weights, o.Sample, ablatedUnits)
				return f, ofSample(o), err
			}),
		with("heads", Words{"What heads do", "各头的作用"},
			Words{"Mean attention on random text that repeats once: to the token after the same token's earlier occurrence (induction), to the token before, to the same token's earlier occurrence.",
				"在重复一遍的随机文本上的平均注意力：指向同一词元上次出现之后的词元（归纳头）、前一个词元、同一词元的上次出现。"}, "Olsson et al. 2022",
			func(_ context.Context, t *view.Text, _ Options) (*view.Figure, []Words, error) {
				scores, err := view.HeadScores(t.Model, t.Weights, view.HeadOptions{})
				if err != nil {
					return nil, nil, err
				}
				return view.HeadFigure(scores), nil, nil
			}),
		with("probes", Words{"Linear probes", "线性探针"},
			Words{"How well a linear classifier of a layer's values tells the token before, on held-out text, and how well it learns random labels of tokens (the control task).", "用某层的值训练线性分类器来识别前一个词元，在留出文本上的准确率；以及它学会词元随机标签（控制任务）的准确率。"}, "Hewitt and Liang 2019",
			func(ctx context.Context, t *view.Text, o Options) (*view.Figure, []Words, error) {
				f, err := view.Probes(ctx, t, o.Sample)
				return f, ofSample(o), err
			}),
		with("exciting", Words{"Texts that excite units", "激发单元的文本"},
			Words{"Excerpts in which a unit of the last MLP or recurrent layer has its largest values; the units are those that stand out most.", "使最后一个 MLP 或循环层的某单元取最大值的片段；所列单元的峰值最为突出。"}, "",
			func(ctx context.Context, t *view.Text, o Options) (*view.Figure, []Words, error) {
				f, err := view.ExcitingUnits(ctx, t, o.Sample, excitedUnits, excitingTexts)
				return f, ofSample(o), err
			}),
	}
}

// ofSample says how much text a figure is computed from.
func ofSample(o Options) []Words {
	tokens := 0
	for _, q := range o.Sample {
		tokens += len(q.Tokens)
	}
	return []Words{{fmt.Sprintf("Computed on %d tokens of the validation text, in %d sequences.", tokens, len(o.Sample)), fmt.Sprintf("在验证文本的 %d 个词元（%d 个序列）上计算。", tokens, len(o.Sample))}}
}
