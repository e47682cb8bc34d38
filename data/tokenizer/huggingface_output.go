package tokenizer

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// hfOutput is a tokenizer.json of Hugging Face, with its keys in their order there.
type hfOutput struct {
	Version       json.RawMessage   `json:"version"`
	Truncation    json.RawMessage   `json:"truncation"`
	Padding       json.RawMessage   `json:"padding"`
	AddedTokens   []json.RawMessage `json:"added_tokens"`
	Normalizer    json.RawMessage   `json:"normalizer"`
	PreTokenizer  json.RawMessage   `json:"pre_tokenizer"`
	PostProcessor json.RawMessage   `json:"post_processor"`
	Decoder       json.RawMessage   `json:"decoder"`
	Model         json.RawMessage   `json:"model"`
}

// The files of this project's kinds, without tokens; the model has only its settings.
var (
	hfByteLevel = hfOutput{
		PreTokenizer:  json.RawMessage(`{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}`),
		PostProcessor: json.RawMessage(`{"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": false, "use_regex": true}`),
		Decoder:       json.RawMessage(`{"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true}`),
		Model:         json.RawMessage(`"unk_token": null, "fuse_unk": false, "byte_fallback": false`),
	}
	hfChars = hfOutput{
		Decoder: json.RawMessage(`{"type": "Fuse"}`),
		Model:   json.RawMessage(`"unk_token": null, "fuse_unk": false, "byte_fallback": false`),
	}
	hfLlama = hfOutput{
		Normalizer: json.RawMessage(`{"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"},
			{"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]}`),
		PostProcessor: json.RawMessage(`{"type": "TemplateProcessing",
			"single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
			"pair": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
				{"SpecialToken": {"id": "<s>", "type_id": 1}}, {"Sequence": {"id": "B", "type_id": 1}}],
			"special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}}`),
		Decoder: json.RawMessage(`{"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
			{"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}`),
		Model: json.RawMessage(`"unk_token": "<unk>", "fuse_unk": true, "byte_fallback": true`),
	}
)

// with returns the file with the tokens of v, whose pieces write writes, and merges of them.
func (o hfOutput) with(v *vocabulary, write func(id int, piece string) string, merges [][2]string) (*hfOutput, error) {
	special := v.isSpecial()
	owner := make(map[string]int, len(v.pieces))
	var vocab bytes.Buffer
	o.Version, o.AddedTokens = json.RawMessage(`"1.0"`), []json.RawMessage{}
	for id, piece := range v.pieces {
		if special[id] {
			o.AddedTokens = append(o.AddedTokens, specialJSON(id, piece))
		} else {
			piece = write(id, piece)
		}
		if other, ok := owner[piece]; ok {
			return nil, fmt.Errorf("tokens %d and %d are both written %q there", other, id, piece)
		}
		owner[piece] = id
		if id > 0 {
			vocab.WriteByte(',')
		}
		fmt.Fprintf(&vocab, "%s:%d", plainJSON(piece), id)
	}
	o.Model = fmt.Appendf(nil, `{"type": "BPE", "dropout": null, "continuing_subword_prefix": null, "end_of_word_suffix": null,
		"ignore_merges": false, %s, "vocab": {%s}, "merges": %s}`, o.Model, vocab.Bytes(), plainJSON(merges))
	return &o, nil
}

// plainJSON returns the JSON of strings.
func plainJSON(v any) []byte {
	text, err := marshalPlain(v, "")
	if err != nil {
		panic(err) // strings have no errors
	}
	return bytes.TrimSpace(text)
}

// specialJSON returns the added token of a special token.
func specialJSON(id int, name string) json.RawMessage {
	return plainJSON(hfAdded{ID: id, Content: name, Special: true})
}

// writeLlama returns a piece of a llama2.c vocabulary as SentencePiece writes it: with the names of bytes,
// and its own character for spaces.
func writeLlama(id int, piece string) string {
	if id < llamaText {
		return byteName(byte(id - llamaBytes))
	}
	return strings.ReplaceAll(piece, " ", metaspace)
}

// mergePairs returns the merges of llama2.c's scores, as Hugging Face converts them: each way to make a
// piece of two others is a merge, the piece with the highest score first.
func (e *llamaEncoder) mergePairs(pieces []string) [][2]string {
	ids := make(map[string]int, len(e.scores))
	var order []int
	for id := llamaText; id < len(e.scores); id++ {
		ids[pieces[id]] = id
		order = append(order, id)
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(e.scores[b], e.scores[a]) })
	merges := [][2]string{}
	for _, id := range order {
		var ways [][2]int
		for i := 1; i < len(pieces[id]); i++ {
			left, ok := ids[pieces[id][:i]]
			right, ok2 := ids[pieces[id][i:]]
			if ok && ok2 {
				ways = append(ways, [2]int{left, right})
			}
		}
		slices.SortFunc(ways, func(a, b [2]int) int { return slices.Compare(a[:], b[:]) })
		for _, way := range ways {
			merges = append(merges, [2]string{writeLlama(way[0], pieces[way[0]]), writeLlama(way[1], pieces[way[1]])})
		}
	}
	return merges
}
