package training

import "fmt"

// Watch is called as a run proceeds. Any of its functions may be nil.
type Watch struct {
	Step       func(s Step)
	Validating func(done, total int) // batches of an evaluation
	Eval       func(r Record)
	Message    func(text string)
}

// Step is the result of one update.
type Step struct {
	N, Of     int     // updates made, and wanted
	Share     float64 // of the run that is over, 0 to 1: see Run.Share
	Loss      float64 // mean over the update's targets, in nats
	LR        float64
	GradNorm  float64 // before clipping
	Tokens    int     // trained on so far
	Targets   int     // of the update
	PerSecond float64 // tokens, since training began or resumed
	Added     []NamedLoss
	Spike     float64 // z-score of the loss or the gradient norm, if training.spike finds an outlier; 0: it finds none
	Skipped   bool    // nothing was updated, for the outlier
}

// NamedLoss is a loss that a layer has added to the model's: see graph.Scope.AddLoss.
type NamedLoss struct {
	Name  string  // the path it was added at
	Value float64 // mean over the update's targets, unweighted
}

// Score is how good answers to rows of the validation part are, by training.best_by.
type Score struct {
	Name  string // "bleu", "rouge_l" or "exact"
	Value float64
	Rows  int // answered
}

// String returns the score as an evaluation prints it.
func (s *Score) String() string {
	return fmt.Sprintf("%s %.4g over %d answers", s.Name, s.Value, s.Rows)
}

// Record is a report: what metrics.jsonl and TensorBoard hold of a step. Its Loss and Added are
// means over the targets of all updates since the last report.
type Record struct {
	Step
	Outliers  Outliers    // since the last report
	ValLoss   *float64    // nil unless the step was evaluated
	ValTokens int         // targets that ValLoss is the mean over
	Parts     []NamedLoss // validation loss of each corpus of a mixture (data.mix), by its tag
	Answers   *Score      // of the evaluation, if training.best_by measures answers
	Seconds   float64     // spent training, before resuming included
}

// values returns the record by the names of metrics.jsonl.
func (r Record) values() map[string]float64 {
	v := map[string]float64{"tokens": float64(r.Tokens), "loss": r.Loss, "lr": r.LR, "grad_norm": r.GradNorm,
		"tokens_per_s": r.PerSecond, "seconds": r.Seconds}
	for _, l := range r.Added {
		v["loss/"+l.Name] = l.Value
	}
	r.Outliers.addTo(v)
	if r.ValLoss != nil {
		v["val_loss"], v["val_tokens"] = *r.ValLoss, float64(r.ValTokens)
	}
	for _, p := range r.Parts {
		v["val_loss/"+p.Name] = p.Value
	}
	if r.Answers != nil {
		v["val_"+r.Answers.Name] = r.Answers.Value
	}
	return v
}
