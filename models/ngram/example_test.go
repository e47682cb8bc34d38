package ngram_test

import (
	"fmt"

	"euryale/models/ngram"
)

func Example() {
	counter, err := ngram.NewCounter(3, 2) // tokens 0, 1 and 2; bigrams
	if err != nil {
		fmt.Println(err)
		return
	}
	text := []int{0, 1, 2, 0, 1, 2, 0, 1, 1}
	if err := counter.Read(text[:8], text[1:], true); err != nil {
		fmt.Println(err)
		return
	}
	m, err := counter.Model()
	if err != nil {
		fmt.Println(err)
		return
	}
	out := make([]float32, m.Vocab())
	if err := m.LogProbs([]int{0}, out); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.Order(), out[1] > out[0] && out[1] > out[2]) // 1 always came after 0
	// Output:
	// 2 true
}
