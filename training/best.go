package training

import (
	"bytes"
	"cmp"
	"context"
	"encoding/gob"
	"fmt"
	"maps"
	"slices"
	"strings"

	"euryale/data/task"
	"euryale/evaluation/metrics"
	"euryale/generation"
	"euryale/internal/ranks"
	"euryale/models"
)

// byLoss is the training.best_by that needs no answers.
const byLoss = "loss"

// answerMeasures are the other values of training.best_by: measures of answers against their references,
// of which more is better.
var answerMeasures = map[string]func(hyps []string, refs [][]string) (float64, error){
	"bleu": func(hyps []string, refs [][]string) (float64, error) {
		var first []string
		for _, r := range refs {
			first = append(first, r[0])
		}
		tokenize, _ := metrics.TokenizerFor(first)
		score, err := metrics.BLEU(hyps, refs, tokenize)
		return score.Score, err
	},
	"rouge_l": func(hyps []string, refs [][]string) (float64, error) {
		score, err := metrics.ROUGE(hyps, refs)
		return score.L, err
	},
	"exact": metrics.ExactMatch,
}

// checkBest checks the keys of the measure by which the best weights are chosen.
func (c Config) checkBest() error {
	t := c.Training
	names := append(slices.Sorted(maps.Keys(answerMeasures)), byLoss)
	switch _, isPredictor := c.Model.(models.Predictor); {
	case !slices.Contains(names, t.BestBy):
		return fmt.Errorf("training.best_by is %q: it must be one of %s", t.BestBy, strings.Join(names, ", "))
	case t.BestBy != byLoss && isPredictor:
		return fmt.Errorf("training.best_by is %q, and the model reads its text once: it has no evaluations among which one is best", t.BestBy)
	case t.AnswerRows < 1 || t.Answer < 1:
		return fmt.Errorf("training: answer_rows = %d, answer_tokens = %d, want at least 1", t.AnswerRows, t.Answer)
	}
	return nil
}

// openQuestions chooses the rows of the validation part that are answered at each evaluation: so many of
// them as training.answer_rows says, evenly spread.
func (r *Run) openQuestions() error {
	t := r.Config.Training
	if t.BestBy == byLoss {
		return nil
	}
	examples, err := r.Corpus.Examples("valid")
	if err != nil {
		return fmt.Errorf("training.best_by is %q: %w", t.BestBy, err)
	}
	n := min(t.AnswerRows, len(examples))
	for i := range n {
		r.questions = append(r.questions, examples[i*len(examples)/n])
	}
	return nil
}

// score measures the answers of the model as it is now by training.best_by; nil: that is the loss. All
// ranks call it and have its result: they share the questions in groups, and the measure is that of rank 0.
func (r *Run) score() (*Score, error) {
	if len(r.questions) == 0 {
		return nil, nil
	}
	groups := slices.Collect(slices.Chunk(r.questions, answersAtOnce))
	own := map[int][]string{}
	err := ranks.Together(r.asking(), r.group(), func(ctx context.Context) error {
		for i := r.group().Rank(); i < len(groups); i += r.group().Size() {
			texts, err := r.answers(ctx, groups[i])
			if err != nil {
				return err
			}
			own[i] = texts
		}
		return nil
	})
	if err != nil && !r.isAlone() { // all have one: they agree on whether the work is to end
		err = cmp.Or(r.consult(), err)
	}
	if err != nil {
		return nil, err
	}
	if err := gatherTexts(r.group(), own); err != nil {
		return nil, err
	}
	var hyps []string
	var refs [][]string
	for i, group := range groups {
		hyps = append(hyps, own[i]...)
		for _, q := range group {
			refs = append(refs, append([]string{q.Reference}, q.Alternatives...))
		}
	}
	name := r.Config.Training.BestBy
	value, err := answerMeasures[name](hyps, refs)
	if err != nil {
		return nil, err
	}
	of := []float64{value} // of rank 0, so that all decide alike
	err = ranks.Broadcast(r.group(), of, 0)
	return &Score{name, of[0], len(hyps)}, err
}

// improves reports whether the model is better than at all evaluations before, by training.best_by, and
// keeps its measure. Of models with equally good answers, as with none at first, that with the lower loss is better.
func (r *Run) improves(loss float64, answers *Score) bool {
	value := loss
	if answers != nil {
		value = -answers.Value
	}
	if !(value < r.best || answers != nil && value == r.best && loss < r.bestLoss) {
		return false
	}
	r.best, r.bestLoss, r.worse, r.flat = value, loss, 0, 0
	return true
}

// answersAtOnce is how many questions are answered side by side.
const answersAtOnce = 16

// answers returns the model's most likely tokens after each question. A question that cannot be read has
// an empty answer.
func (r *Run) answers(ctx context.Context, questions []task.Example) ([]string, error) {
	g, err := r.Generator()
	if err != nil {
		return nil, err
	}
	texts := make([]string, len(questions))
	var prompts []generation.Prompt
	var of []int // the question of each prompt
	for i, q := range questions {
		if p, err := g.PromptCut(q.Source); err == nil {
			prompts, of = append(prompts, p), append(of, i)
		}
	}
	if len(prompts) == 0 {
		return texts, nil
	}
	results, err := g.Each(ctx, prompts, generation.Settings{Tokens: r.Config.Training.Answer}, nil)
	if err != nil {
		return nil, fmt.Errorf("answers for training.best_by: %w", err)
	}
	for i, result := range results {
		texts[of[i]] = strings.TrimSpace(result.Text)
	}
	return texts, nil
}

// gatherTexts adds the texts of the other ranks to own.
func gatherTexts(g ranks.Group, own map[int][]string) error {
	if g.Size() == 1 {
		return nil
	}
	var mine bytes.Buffer
	if err := gob.NewEncoder(&mine).Encode(own); err != nil {
		return err
	}
	all, err := ranks.Gather(g, mine.Bytes())
	if err != nil {
		return err
	}
	for _, raw := range all {
		var of map[int][]string
		if err := gob.NewDecoder(bytes.NewReader(raw)).Decode(&of); err != nil {
			return err
		}
		maps.Copy(own, of)
	}
	return nil
}
