package task_test

import (
	"fmt"

	"euryale/data/task"
	"euryale/data/tokenizer"
)

func ExampleFormat_Prompt() {
	tok := tokenizer.WithSpecials(tokenizer.NewByte(), "<|end|>", "<|role:user|>", "<|role:bot|>")
	format, err := task.NewFormat(task.Config{Task: "dialogue", Reply: "bot"}, tok)
	if err != nil {
		fmt.Println(err)
		return
	}
	prompt, err := format.Prompt("Hello!")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(tok.Decode(prompt))
	// Output: <|role:user|>Hello!<|end|><|role:bot|> <nil>
}
