package data

// Example is one thing to generate and what a person wrote there, for evaluation.
type Example struct {
	Fields    []string // what the model is given: the arguments of Format.Prompt and Format.Source
	Reference string
}
