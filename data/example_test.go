package data_test

import (
	"fmt"

	"euryale/data"
	"euryale/data/tokenizer"
)

func ExampleOpen() {
	corpus, err := data.Open(data.Config{Name: "tales", Task: "summary", Language: "en", Level: 1, Size: 200}, tokenizer.Config{Kind: "char"}, nil, data.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer corpus.Close()
	examples, err := corpus.Examples("valid")
	fmt.Println(examples[0].Source)
	fmt.Println(examples[0].Reference, err)

	batches, err := corpus.Train(4, 320, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	var b data.Batch
	fmt.Println(batches.Batch(0, &b), b.B, len(b.Tokens) == b.B*b.T)
	// Output:
	// One morning, an otter and a fox had a race to the forest. The otter ran very fast, but it stopped to eat seven pears. The fox never stopped. In the end, the fox won the race. Tom gave the winner a green kite.
	// The fox wins a race against the otter <nil>
	// <nil> 4 true
}
