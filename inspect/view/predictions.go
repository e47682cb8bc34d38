package view

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// alternatives is the number of the most likely tokens that notes list.
const alternatives = 5

// Predictions returns, for each token that the text predicts, its log-probability in nats, its rank among
// all tokens (1 is the most likely) and the entropy of the distribution in nats. The columns are the
// predicted tokens, which follow the ones that predict them; those of a model that restores hidden
// tokens are the hidden ones.
func Predictions(t *Text) (*Figure, error) {
	p, err := t.read("logits")
	if err != nil {
		return nil, err
	}
	logits, v := p.Float64s("logits"), t.Model.Common().Vocab
	var at, predicted []int
	for i, id := range t.Targets {
		if id >= 0 {
			at, predicted = append(at, i), append(predicted, id)
		}
	}
	if at == nil {
		return nil, noPredictions()
	}
	cols := Axis{Kind: Tokens, Labels: t.Labels(predicted), Index: t.positionsOf(at)}
	row := func(name string) Grid { return newGrid(name, Axis{Kind: Entries, Labels: []string{name}}, cols) }
	logprob, rank, entropy := row("log p"), row("rank"), row("entropy")
	for j, i := range at {
		logp := logSoftmax(logits[i*v : (i+1)*v])
		logprob.set(0, j, logp[predicted[j]])
		rank.set(0, j, float64(rankOf(logp, predicted[j])))
		entropy.set(0, j, entropyOf(logp))
		logprob.note(0, j, "%s", t.most(logp, alternatives))
	}
	return &Figure{Name: "predictions", Grids: []Grid{logprob, rank, entropy}}, nil
}

// rankOf returns 1 for the most likely token.
func rankOf(logp []float64, id int) int {
	rank := 1
	for _, l := range logp {
		if l > logp[id] {
			rank++
		}
	}
	return rank
}

// entropyOf returns the entropy of log-probabilities, in nats.
func entropyOf(logp []float64) (sum float64) {
	for _, l := range logp {
		if l > -700 {
			sum -= math.Exp(l) * l
		}
	}
	return sum
}

// positionsOf returns the positions of the tokens that rows predict: the next ones, unless the text
// predicts tokens in place.
func (t *Text) positionsOf(rows []int) []int {
	at := slices.Clone(rows)
	for j, i := range rows {
		if i+1 < len(t.Tokens) && t.Targets[i] == t.Tokens[i+1] {
			at[j] = i + 1
		}
	}
	return at
}

// most lists the n most likely tokens with their probabilities.
func (t *Text) most(logp []float64, n int) string {
	var parts []string
	for _, id := range top(logp, n) {
		parts = append(parts, fmt.Sprintf("%s %.3g", t.Piece(id), math.Exp(logp[id])))
	}
	return strings.Join(parts, "  ")
}

// top returns the indices of the n largest values, the largest first.
func top(values []float64, n int) []int {
	ids := make([]int, 0, n+1)
	for id, v := range values {
		i := len(ids)
		for i > 0 && v > values[ids[i-1]] {
			i--
		}
		if i < n {
			ids = slices.Insert(ids, i, id)[:min(len(ids)+1, n)]
		}
	}
	return ids
}

// logSoftmax returns log-probabilities in nats.
func logSoftmax(logits []float64) []float64 {
	most, sum := slices.Max(logits), 0.0
	for _, l := range logits {
		sum += math.Exp(l - most)
	}
	out, norm := make([]float64, len(logits)), most+math.Log(sum)
	for i, l := range logits {
		out[i] = l - norm
	}
	return out
}

func noPredictions() error {
	return unfit("the text predicts no token: give at least two, or a hidden one", "文本没有要预测的词元：至少给出两个词元，或一个被遮住的词元")
}
