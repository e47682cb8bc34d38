package task

// Item is one row, or the turns of one dialogue, as tokens.
type Item struct {
	Source, Answer []int
	turns          []encodedTurn
}

// Samples lays out items for a context. Those to learn from may ask for more than the answers.
func (f *Format) Samples(items []Item, context int, learning bool) []Sample {
	layout := *f
	layout.Limit, layout.learning = context, learning
	var all []Sample
	for _, it := range items {
		if it.turns != nil {
			all = append(all, layout.dialogueSamples(it.turns)...)
		} else {
			all = append(all, layout.pairSample(it.Source, it.Answer))
		}
	}
	return all
}

// Answers are what a model is asked for of an item.
func (f *Format) Answers(it Item) [][]int {
	if it.turns == nil {
		return [][]int{it.Answer}
	}
	var all [][]int
	for i, t := range it.turns {
		if f.learned(it.turns, i) {
			all = append(all, t.ids)
		}
	}
	return all
}

// Asked counts the tokens that items ask for, where nothing is cut.
func (f *Format) Asked(items []Item) int {
	n := 0
	for _, it := range items {
		for _, ids := range f.Answers(it) {
			n += len(ids) + 1
		}
	}
	return n
}
