package training_test

import (
	"context"
	"fmt"

	"euryale/training"
)

// A key that does not exist is answered with the nearest one.
func ExampleParse() {
	c, err := training.Parse("", []string{"model.layers=6", "optimizer.lr=0.002"})
	fmt.Println(c.Optimizer.LR, err)
	_, err = training.Parse("", []string{"optimizer.weight_deca=0.1"})
	fmt.Println(err)
	// Output:
	// 0.002 <nil>
	// there is no key optimizer.weight_deca: did you mean optimizer.weight_decay?
}

// A model learns to write strings backwards, for three steps; without a directory it
// leaves no files.
func ExampleRun_Train() {
	c, err := training.Parse("", []string{"data.name=reverse", "data.task=pairs", "data.size=50", "model.layers=1", "model.heads=2",
		"model.dim=16", "model.context=40", "training.batch=4", "training.steps=3", "training.sample=0"})
	if err != nil {
		fmt.Println(err)
		return
	}
	run, err := training.New(c, "", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	run.Watch = training.Watch{Step: func(s training.Step) { fmt.Printf("step %d of %d\n", s.N, s.Of) }}
	fmt.Println(run.Train(context.Background()))
	// Output:
	// step 1 of 3
	// step 2 of 3
	// step 3 of 3
	// <nil>
}
