package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// WriteHuggingFace writes t as a tokenizer.json of Hugging Face, from which Load returns the same
// tokenizer: the same ids, pieces and special tokens. A tokenizer that was read from such a file is
// written as it was, with the special tokens that were added to it. A tokenizer that the format cannot
// express is an error.
//
// A tokenizer of kind llama has the ids of llama2.c, except where several pieces have the same score, or
// where a piece overlaps itself: then the format prefers other merges, as in Hugging Face's own
// conversion of SentencePiece's models.
func WriteHuggingFace(w io.Writer, t Tokenizer) error {
	v, _ := t.(*vocabulary)
	if v == nil {
		return fmt.Errorf("%T is not a tokenizer of this project", t)
	}
	out, err := v.huggingFace()
	if err != nil {
		return fmt.Errorf("tokenizer.json of Hugging Face cannot express the tokenizer: %w", err)
	}
	text, err := marshalPlain(out, "  ")
	if err != nil {
		return err
	}
	again, err := parseHuggingFace(text)
	if err != nil {
		return fmt.Errorf("tokenizer.json of Hugging Face cannot express the tokenizer: %w", err)
	}
	if r := again.(*vocabulary); !slices.Equal(r.pieces, v.pieces) || !maps.Equal(r.specials, v.specials) {
		return errors.New("tokenizer.json of Hugging Face cannot express the tokenizer: some pieces have another meaning there")
	}
	_, err = w.Write(text)
	return err
}

// BeginEnd returns the ids that generation_config.json calls bos_token_id and eos_token_id, or −1: the
// token of Begin, or one with a name of a begin token, and the first with a name of an end token.
func BeginEnd(t Tokenizer) (begin, end int) {
	named := func(names ...string) int {
		for _, name := range names {
			if id, ok := t.Special(name); ok {
				return id
			}
		}
		return -1
	}
	end = named("<|end|>", "<|endoftext|>", "</s>", "<|end_of_text|>", "<|im_end|>", "<eos>")
	begin, ok := t.Begin()
	if !ok {
		begin = named("<|begin|>", "<s>", "<|begin_of_text|>", "<bos>")
	}
	return begin, end
}

// huggingFace returns the file of v.
func (v *vocabulary) huggingFace() (*hfOutput, error) {
	e := v.encoder
	if p, ok := e.(*parsingEncoder); ok {
		e = p.encoder
	}
	switch e := e.(type) {
	case *importedEncoder:
		return v.importedOutput(e)
	case *bpeEncoder:
		merges := make([][2]string, len(e.merges))
		for rank, p := range e.merges {
			merges[rank] = [2]string{toLetters(e.pieces[p.left()]), toLetters(e.pieces[p.right()])}
		}
		return hfByteLevel.with(v, writeLetters, merges)
	case byteEncoder:
		return hfByteLevel.with(v, writeLetters, [][2]string{})
	case *charEncoder:
		return hfChars.with(v, func(_ int, piece string) string { return piece }, [][2]string{})
	case *llamaEncoder:
		return hfLlama.with(v, writeLlama, e.mergePairs(v.pieces))
	}
	return nil, fmt.Errorf("it is of kind %s", v.kind())
}

func writeLetters(_ int, piece string) string { return toLetters(piece) }

// importedOutput returns the file that e was read from, with the special tokens that were added to it.
func (v *vocabulary) importedOutput(e *importedEncoder) (*hfOutput, error) {
	var out hfOutput
	if err := json.Unmarshal(e.source, &out); err != nil {
		return nil, err
	}
	special := v.isSpecial()
	for id := e.size; id < len(v.pieces); id++ {
		if special[id] {
			out.AddedTokens = append(out.AddedTokens, specialJSON(id, v.pieces[id]))
		}
	}
	return &out, nil
}
