package task

// Item is one row, or the turns of one dialogue, as tokens.
type Item struct {
	Source, Answer []int
	turns          []encodedTurn
}

// Samples turns items into samples for a context length. Samples for training may have targets
// outside the answers (data.learn_source).
func (f *Format) Samples(items []Item, context int, training bool) []Sample {
	limited := *f
	limited.Limit, limited.training = context, training
	var all []Sample
	for _, it := range items {
		if it.turns != nil {
			all = append(all, limited.dialogueSamples(it.turns)...)
		} else {
			all = append(all, limited.pairSample(it.Source, it.Answer))
		}
	}
	return all
}

// Answers returns the answers of an item that are targets.
func (f *Format) Answers(it Item) [][]int {
	if it.turns == nil {
		return [][]int{it.Answer}
	}
	var all [][]int
	for i, t := range it.turns {
		if f.isTarget(it.turns, i) {
			all = append(all, t.ids)
		}
	}
	return all
}

// CountTargets counts the target tokens of items, ends included, before any truncation.
func (f *Format) CountTargets(items []Item) int {
	n := 0
	for _, it := range items {
		for _, ids := range f.Answers(it) {
			n += len(ids) + 1
		}
	}
	return n
}
