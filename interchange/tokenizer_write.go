package interchange

import (
	"bytes"
	"fmt"

	"euryale/data/tokenizer"
	"euryale/models"
)

// hfTokenizer returns the tokenizer's files for transformers by name, or a note why there are none.
// A GPT-2 has its two files too, if these can express the tokenizer.
func hfTokenizer(m *Imported) (files map[string]any, note string) {
	var text bytes.Buffer
	if err := tokenizer.WriteHuggingFace(&text, m.Tokenizer); err != nil {
		return map[string]any{}, fmt.Sprintf("the tokenizer is left out: %v", err)
	}
	files = map[string]any{"tokenizer.json": text.Bytes(), tokenizerConfigFile: tokenizerConfig(m)}
	if _, isGPT := m.Model.(*models.GPT); isGPT {
		if vocab, merges, err := tokenizer.GPT2Files(m.Tokenizer); err == nil {
			files["vocab.json"], files["merges.txt"] = vocab, merges
		}
	}
	return files, ""
}

// tokenizerConfig returns tokenizer_config.json: transformers is to use tokenizer.json as it is.
// Its clean-up would remove spaces before punctuation from decoded text.
func tokenizerConfig(m *Imported) map[string]any {
	c := map[string]any{"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": m.Model.Common().Context, "clean_up_tokenization_spaces": false}
	begin, end := tokenizer.BeginEnd(m.Tokenizer)
	for key, id := range map[string]int{"bos_token": begin, "eos_token": end} {
		if id >= 0 {
			c[key] = string(m.Tokenizer.Piece(id))
		}
	}
	if t := m.Chat; t != nil {
		c["chat_template"] = t.Template
		for key, token := range map[string]string{"bos_token": t.Begin, "eos_token": t.End} {
			if token != "" {
				c[key] = token
			}
		}
	}
	return c
}
