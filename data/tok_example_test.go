package data_test

import (
	"fmt"
	"strings"

	"euryale/data"
)

func ExampleTrainBPE() {
	text := "the cat and the hat and the bat"
	tok, err := data.TrainBPE(strings.NewReader(text), 262, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	tok = data.WithSpecials(tok, "<|end|>")
	ids, _ := tok.Encode("the cat")
	end, _ := tok.Special("<|end|>")
	for _, id := range append(ids, end) {
		fmt.Printf("%d %q\n", id, tok.Piece(id))
	}
	// Output:
	// 258 "the"
	// 32 " "
	// 99 "c"
	// 256 "at"
	// 262 "<|end|>"
}
