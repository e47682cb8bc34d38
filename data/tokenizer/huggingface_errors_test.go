package tokenizer

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestHuggingFaceRefuses(t *testing.T) {
	set := func(key string, value any) func(map[string]any) {
		return func(file map[string]any) { file[key] = value }
	}
	model := func(key string, value any) func(map[string]any) {
		return func(file map[string]any) { file["model"].(map[string]any)[key] = value }
	}
	step := func(name string) map[string]any { return map[string]any{"type": name} }
	split := func(pattern, behavior string) map[string]any {
		return map[string]any{"type": "Split", "pattern": map[string]any{"Regex": pattern}, "behavior": behavior}
	}
	sequence := func(steps ...any) map[string]any {
		return map[string]any{"type": "Sequence", "pretokenizers": steps}
	}
	template := func(names ...string) map[string]any {
		single, ids := []any{}, map[string]any{}
		for _, name := range names {
			single = append(single, map[string]any{"SpecialToken": map[string]any{"id": name}})
			ids[name] = map[string]any{"ids": []int{999}}
		}
		return map[string]any{"type": "TemplateProcessing", "single": single, "special_tokens": ids}
	}
	for want, change := range map[string]func(map[string]any){
		`model type "Unigram", only BPE`:     model("type", "Unigram"),
		`normalizer "StripAccents"`:          set("normalizer", step("StripAccents")),
		`Prepend of "x"`:                     set("normalizer", map[string]any{"type": "Prepend", "prepend": "x"}),
		"Strip with strip_right":             set("normalizer", map[string]any{"type": "Strip", "strip_right": true}),
		"drops white space at the start":     set("normalizer", map[string]any{"type": "Strip", "strip_left": true}),
		"Replace without a pattern":          set("normalizer", step("Replace")),
		`pre_tokenizer WhitespaceSplit: dec`: set("pre_tokenizer", step("WhitespaceSplit")),
		`pre_tokenizer "UnicodeScripts"`:     set("pre_tokenizer", step("UnicodeScripts")),
		`behavior "Removed"`:                 set("pre_tokenizer", split("x", "Removed")),
		`Split by "(": `:                     set("pre_tokenizer", split("(", "Isolated")),
		`Split by "[a[b]]": a class in a`:    set("pre_tokenizer", split("[a[b]]", "Isolated")),
		`Split by "[a&&b]": an intersection`: set("pre_tokenizer", split("[a&&b]", "Isolated")),
		`Split by "[a": a [ is not closed`:   set("pre_tokenizer", split("[a", "Isolated")),
		"has 9000 bytes, more than":          set("pre_tokenizer", split(strings.Repeat("a", 9000), "Isolated")),
		"a space at the start of a text":     set("pre_tokenizer", step("ByteLevel")),
		"a second pre_tokenizer ByteLevel":   set("pre_tokenizer", sequence(step("ByteLevel"), step("ByteLevel"))),
		"add_prefix_space after another":     set("pre_tokenizer", sequence(step("Digits"), step("ByteLevel"))),
		"Metaspace after another step":       set("pre_tokenizer", sequence(step("Digits"), step("Metaspace"))),
		`replacement "xx"`:                   set("pre_tokenizer", map[string]any{"type": "Metaspace", "replacement": "xx"}),
		`prepend_scheme "last"`:              set("pre_tokenizer", map[string]any{"type": "Metaspace", "prepend_scheme": "last"}),
		`leaves "▁" as it is`:                set("pre_tokenizer", step("Metaspace")),
		`decoder "WordPiece"`:                set("decoder", step("WordPiece")),
		"a decoder without ByteLevel":        set("decoder", step("Fuse")),
		"no decoder": func(file map[string]any) {
			file["pre_tokenizer"], file["decoder"] = nil, nil
		},
		`post_processor "Other"`:         set("post_processor", step("Other")),
		"several tokens before the text": set("post_processor", template("<a>", "<b>")),
		"cls":                            set("post_processor", step("BertProcessing")),
		"dropout 0.1":                    model("dropout", 0.1),
		`end_of_word_suffix "</w>"`:      model("end_of_word_suffix", "</w>"),
		`unk_token "none" is not in`: func(file map[string]any) {
			file["pre_tokenizer"] = map[string]any{"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}
			model("unk_token", "none")(file)
		},
		"the token 999 before the text is outside": set("post_processor", template("<a>")),
		"model.vocab: the value is a JSON array":   model("vocab", []any{1}),
		"model.merges: the value is a JSON str":    model("merges", "none"),
		"merge 0 (7) is not two pieces":            model("merges", []any{7}),
		`merge 0 ("x y z") is not two`:             model("merges", []any{[]any{"x y", "z"}}),
		"no vocabulary":                            model("vocab", nil),
		`added token "a" has two ids`:              set("added_tokens", []any{map[string]any{"id": 0, "content": "a", "special": true}}),
		`added token 258 has no name`:              set("added_tokens", []any{map[string]any{"id": 258, "content": ""}}),
		`piece "xx" has id 300, but the ids of`:    set("added_tokens", []any{map[string]any{"id": 300, "content": "xx", "special": true}}),
		"have the same id 0": func(file map[string]any) {
			file["added_tokens"] = nil
			model("vocab", map[string]any{"a": 0, "b": 0})(file)
		},
		`"ab€" has '€' (U+20AC), which is not`: func(file map[string]any) {
			file["added_tokens"] = nil
			model("vocab", map[string]any{"ab€": 0})(file)
		},
		"line 1: added_tokens is a JSON string, want a list": set("added_tokens", "none"),
	} {
		_, err := parseAny(hfJSON(t, change))
		assert.ErrorContains(t, err, want)
	}
}

// Everything that is not supported is named in one error.
func TestHuggingFaceNamesAllProblems(t *testing.T) {
	_, err := parseAny(hfJSON(t, func(file map[string]any) {
		file["normalizer"] = map[string]any{"type": "Sequence", "normalizers": []any{map[string]any{"type": "BertNormalizer"}, map[string]any{"type": "Precompiled"}}}
		file["pre_tokenizer"] = map[string]any{"type": "BertPreTokenizer"}
		file["decoder"] = map[string]any{"type": "WordPiece"}
		file["model"] = map[string]any{"type": "WordPiece", "vocab": []any{}}
	}))
	assert.EqualError(t, err, `tokenizer of Hugging Face: not supported: model type "WordPiece", only BPE; normalizer "BertNormalizer"; `+
		`normalizer "Precompiled"; pre_tokenizer BertPreTokenizer: decoding could not restore the spaces that it drops; `+
		`decoder "WordPiece" with this model and pre_tokenizer`)
}
