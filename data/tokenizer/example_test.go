package tokenizer_test

import (
	"fmt"
	"strings"

	"euryale/data/tokenizer"
)

func ExampleTrainBPE() {
	text := "the cat and the hat and the bat"
	tok, err := tokenizer.TrainBPE(strings.NewReader(text), 262, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	tok = tokenizer.WithSpecials(tok, "<|end|>")
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
