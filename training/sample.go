package training

import (
	"fmt"
	"slices"

	"euryale/data"
	"euryale/data/tokenizer"
	"euryale/generation"
	"euryale/layers/graph"
)

// newGenerator returns a generator of texts in the form of the task that the configuration names.
func newGenerator(c Config, w *graph.Weights, tk tokenizer.Tokenizer) (*generation.Generator, error) {
	f, err := data.NewFormat(c.Data, tk)
	if err != nil {
		return nil, err
	}
	f.Limit = c.Model.Common().Context
	g := &generation.Generator{Model: c.Model, Weights: w, Tokenizer: tk, Format: f}
	if f.End() >= 0 {
		g.End = f.Stops()
	}
	for _, name := range []string{"<|end|>", "<|endoftext|>", "</s>", "<s>"} {
		if id, ok := tk.Special(name); ok {
			g.End = append(g.End, id)
		}
	}
	return g, nil
}

// OpenTokens returns the generator of the run in dir without weights: its tokenizer, the form of its
// task and the tokens that end a text.
func OpenTokens(dir string) (*generation.Generator, error) {
	c, tk, err := openConfig(dir, nil)
	if err != nil {
		return nil, err
	}
	return newGenerator(c, nil, tk)
}

// Generator returns a generator of texts with the model as it is now. A run on batches alone
// (NewOn) has no tokenizer, which is an error: generation.NewStepper decodes ids.
func (r *Run) Generator() (*generation.Generator, error) {
	if r.gen == nil {
		if r.Corpus == nil {
			return nil, noCorpus("a generator, which needs a tokenizer,")
		}
		g, err := newGenerator(r.Config, r.Weights, r.Corpus.Tokenizer)
		if err != nil {
			return nil, err
		}
		r.gen = g
	}
	return r.gen, nil
}

// Generator returns a generator of texts with the saved model. They end with the end token of its chat template too.
func (s *Saved) Generator() (*generation.Generator, error) {
	g, err := newGenerator(s.Config, s.Weights, s.Tokenizer)
	if err != nil {
		return nil, err
	}
	for _, other := range s.Ensemble {
		member, err := other.Generator()
		if err != nil {
			return nil, err
		}
		g.Ensemble = append(g.Ensemble, member)
	}
	if s.Chat == nil {
		return g, nil
	}
	if id, ok := s.Tokenizer.Special(s.Chat.End); ok && !slices.Contains(g.End, id) {
		g.End = append(g.End, id)
	}
	return g, nil
}

// sample appends a text of the model as it is now to samples.txt.
func (r *Run) sample(loss float64) error {
	c := r.Config.Training
	if c.Sample == 0 || r.log == nil {
		return nil
	}
	text, err := r.Sample()
	if !r.isAlone() && err != nil && r.asked.Err() != nil {
		return nil // the other ranks do not know yet: the run ends when they do, without this sample
	}
	if err != nil {
		return err
	}
	return r.log.AddSample(r.step, loss, text)
}

// Sample returns a text of at most training.sample tokens: an unprompted one, or, where the
// task has answers, a question of the validation part and the model's answer. Where tokens
// are hidden, it is the beginning of that part, and what the model restores.
func (r *Run) Sample() (text string, err error) {
	err = r.averaged(func() error {
		text, err = r.sampled()
		return err
	})
	return text, err
}

func (r *Run) sampled() (string, error) {
	g, err := r.Generator()
	if err != nil {
		return "", err
	}
	if r.Config.Training.Sample == 0 {
		return "", nil
	}
	if g.Format.Mask() >= 0 {
		return r.restored(g)
	}
	text, reference := "", ""
	if g.Format.End() >= 0 {
		examples, err := r.Corpus.Examples("valid")
		if err != nil {
			return "", err
		}
		if len(examples) > 0 {
			ex := examples[r.step%len(examples)]
			text, reference = ex.Source, ex.Reference
		}
	}
	p, err := g.PromptCut(text)
	if err != nil {
		return "", err
	}
	s := generation.Settings{Tokens: r.Config.Training.Sample, Temperature: 0.8, TopP: 0.95, Seed: r.Config.Training.Seed}
	results, err := g.Generate(r.asking(), p, s, 1, nil)
	if err != nil {
		return "", fmt.Errorf("sample: %w (training.sample = 0 trains without samples)", err)
	}
	if text == "" && reference == "" {
		return textOf(results), nil
	}
	return fmt.Sprintf("%s\n→ %s\n(%s)", text, textOf(results), reference), nil
}

// restored returns the first sequence of the validation part, with its hidden tokens, with
// those that the model puts in their place, and as it is.
func (r *Run) restored(g *generation.Generator) (string, error) {
	batches, err := r.Corpus.Valid(1, r.Config.Model.Common().Context)
	if err != nil {
		return "", err
	}
	var b data.Batch
	if err := batches.Batch(0, &b); err != nil {
		return "", err
	}
	seen := slices.DeleteFunc(b.Tokens, func(id int) bool { return id < 0 })
	wanted := slices.Clone(seen)
	for i, id := range b.Targets[:len(wanted)] {
		if id >= 0 {
			wanted[i] = id
		}
	}
	restored, err := g.Restore(generation.Prompt{Tokens: seen})
	if err != nil {
		return "", err
	}
	var texts [2]string
	for i, ids := range [][]int{seen, wanted} {
		if texts[i], err = r.Corpus.Tokenizer.Decode(ids); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%s\n→ %s\n(%s)", texts[0], restored.Text, texts[1]), nil
}

func textOf(results []generation.Result) string {
	if len(results) == 0 {
		return ""
	}
	return results[0].Text
}
