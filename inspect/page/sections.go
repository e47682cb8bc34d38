package page

import (
	"context"

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

// sections returns the sections of the page, in their order.
func sections() []section {
	return []section{
		of("predictions", Words{"Predictions", "预测"},
			Words{"Log-probability in nats, rank and entropy of every token under the model; hovering over a token lists what the model finds most likely there.", "每个词元在模型下的对数概率（奈特）、排名和熵；指向词元可看此处最可能的词元。"}, "", view.Predictions),
		of("gradient", Words{"Saliency: gradient × input", "显著性：梯度×输入"},
			Words{"What each prediction rests on: the sum over the columns of a token's embedding times the gradient of the predicted token's log-probability. A row for each predicted token; hovering over a token colours the text by its row.", "每个预测所依据的词元：词元嵌入与所预测词元对数概率的梯度逐列相乘后求和。每行对应一个被预测的词元；指向词元时，文本按该行着色。"},
			"Shrikumar et al. 2016", gradientOfAll),
		of("attention", Words{"Attention", "注意力"},
			Words{"Attention weights of each head: a row for each token, a column for each that it attends to.", "各注意力头的权重：每行一个词元，每列一个它所关注的词元。"}, "", view.Attention),
		of("rollout", Words{"Attention rollout", "注意力展开"},
			Words{"How much of each token reaches each position through all layers, if half of a layer's input passes by unchanged.", "假设每层输入有一半原样通过，各词元经所有层到达各位置的比例。"}, "Abnar and Zuidema 2020", view.Rollout),
		{Section{Name: "heads", Title: Words{"What heads do", "各头的作用"},
			What:  Words{"Mean attention on random text that repeats once: to the token after the same token's earlier occurrence (induction), to the token before, to the same token's earlier occurrence.", "在重复一遍的随机文本上的平均注意力：指向同一词元上次出现之后的词元（归纳头）、前一个词元、同一词元的上次出现。"},
			Paper: "Olsson et al. 2022"}, heads},
	}
}

func heads(_ context.Context, t *view.Text, _ Options) (*view.Figure, []Words, error) {
	scores, err := view.HeadScores(t.Model, t.Weights, view.HeadOptions{})
	if err != nil {
		return nil, nil, err
	}
	return view.HeadFigure(scores), nil, nil
}

// mostOutputs is the number of predictions whose saliency the page shows, the last ones.
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
