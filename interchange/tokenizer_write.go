package interchange

import (
	"encoding/json"
	"fmt"
	"strings"

	"euryale/data/tokenizer"
	"euryale/models"
)

// hfTokenizer returns the tokenizer's files for transformers by name, or a note why there are none.
func hfTokenizer(m *Imported) (files map[string][]byte, note string) {
	files = map[string][]byte{}
	vocab, merges, err := tokenizer.GPT2Files(m.Tokenizer)
	if err == nil {
		files["tokenizer.json"], err = byteLevelJSON(m.Tokenizer, vocab, merges)
	}
	if err != nil {
		return map[string][]byte{}, fmt.Sprintf("the tokenizer is left out, which tokenizer.json cannot express: %v", err)
	}
	if _, isGPT := m.Model.(*models.GPT); isGPT {
		files["vocab.json"], files["merges.txt"] = vocab, merges
	}
	return files, ""
}

// byteLevelJSON returns tokenizer.json of Hugging Face for a byte-level BPE tokenizer, whose
// vocabulary and merges are in GPT-2's two files.
func byteLevelJSON(tk tokenizer.Tokenizer, vocab, merges []byte) ([]byte, error) {
	byteLevel := map[string]any{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}
	added := []any{}
	for id := range tk.Vocab() {
		name := string(tk.Piece(id))
		if of, ok := tk.Special(name); ok && of == id {
			added = append(added, map[string]any{"id": id, "content": name, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true})
		}
	}
	_, lines, _ := strings.Cut(strings.TrimSuffix(string(merges), "\n"), "\n")
	return json.MarshalIndent(map[string]any{
		"version": "1.0", "truncation": nil, "padding": nil, "added_tokens": added, "normalizer": nil,
		"pre_tokenizer": byteLevel, "post_processor": nil, "decoder": byteLevel,
		"model": map[string]any{"type": "BPE", "dropout": nil, "unk_token": nil, "continuing_subword_prefix": "", "end_of_word_suffix": "",
			"fuse_unk": false, "byte_fallback": false, "ignore_merges": false, "vocab": json.RawMessage(vocab), "merges": strings.FieldsFunc(lines, func(r rune) bool { return r == '\n' })},
	}, "", " ")
}
