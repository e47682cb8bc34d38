package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Reading a file may allocate this many bytes for each of its bytes, and some more.
const (
	allocatedPerByte = 100
	allocatedAlways  = 1 << 20
)

// parseBounded returns what parse makes of a file of size bytes, and checks that parse allocates no more
// than a multiple of the size.
func parseBounded(t *testing.T, size int, parse func() (Tokenizer, error)) (Tokenizer, error) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	tok, err := parse()
	runtime.ReadMemStats(&after)
	if got, limit := after.TotalAlloc-before.TotalAlloc, uint64(allocatedAlways+allocatedPerByte*size); got > limit {
		t.Fatalf("a file of %d bytes allocated %d", size, got)
	}
	return tok, err
}

// checkParsed encodes, decodes and writes with a tokenizer that was read from a file.
func checkParsed(t *testing.T, tok Tokenizer) {
	t.Helper()
	const text = "It's a\xff春 e\u0301 <0x41> ▁ 2024\r\n\n  b<s>"
	for _, tok := range []Tokenizer{tok, ParseSpecials(tok)} {
		ids, err := tok.Encode(text)
		if err != nil {
			continue // an unknown character, or a regular expression that takes too long
		}
		back := decodeBoth(t, tok, ids)
		if tok.Kind() != kindImported {
			require.Equal(t, text, back)
		}
	}
	var file bytes.Buffer
	if err := WriteHuggingFace(&file, tok); err != nil {
		return
	}
	again, err := parseHuggingFace(file.Bytes())
	require.NoError(t, err)
	require.Equal(t, tok.Vocab(), again.Vocab())
}

// smallKinds returns the files in testdata with a vocabulary of a few pieces.
func smallKinds(f *testing.F) (files [][]byte) {
	vocab := map[string]int{}
	for _, piece := range []string{"<unk>", "<s>", "</s>", "<0xFF>", "▁", "Ġ", "a", "b", "ab", "▁a", "Ġa"} {
		vocab[piece] = len(vocab)
	}
	number := regexp.MustCompile(`\b75[0-9]\b|\b76[0-9]\b`) // ids of added tokens, from 756 on
	for _, text := range readKinds(f) {
		var file map[string]any
		require.NoError(f, json.Unmarshal(text, &file))
		model := file["model"].(map[string]any)
		model["vocab"], model["merges"] = vocab, []any{"a b", []string{"▁", "a"}}
		small, err := json.Marshal(file)
		require.NoError(f, err)
		files = append(files, number.ReplaceAllFunc(small, func(id []byte) []byte {
			n, err := strconv.Atoi(string(id))
			require.NoError(f, err)
			return []byte(strconv.Itoa(n - 756 + len(vocab)))
		}))
	}
	return files
}

// FuzzHuggingFace checks that any file is an error or a tokenizer.
func FuzzHuggingFace(f *testing.F) {
	read := 0
	for _, file := range smallKinds(f) {
		f.Add(file)
		if _, err := parseHuggingFace(file); err == nil {
			read++
		}
	}
	require.Greater(f, read, 5, "seeds that are tokenizers")
	f.Fuzz(func(t *testing.T, text []byte) {
		tok, err := parseBounded(t, len(text), func() (Tokenizer, error) { return parseHuggingFace(text) })
		if err == nil {
			checkParsed(t, tok)
		}
	})
}

// FuzzHuggingFaceParts checks files that are made of any strings, and encodes with them.
func FuzzHuggingFaceParts(f *testing.F) {
	f.Add(`\s+(?!\S)|\w++`, " ", "▁", "<x>", "ab", "a  b<x> ab", uint8(0))
	f.Add(`[^\r\n\p{L}]?+\p{L}{1,3}+`, "a", "", " ", "▁a", "\xffa ▁a", uint8(0xff))
	f.Add(`(a|b)*c`, "  ", " ", "a b", "<0x41>", "abc abd", uint8(0x55))
	behaviors := []string{"Isolated", "Contiguous", "MergedWithPrevious", "MergedWithNext"}
	f.Fuzz(func(t *testing.T, pattern, from, content, name, piece, text string, bits uint8) {
		bit := func(i int) bool { return bits>>i&1 == 1 }
		regex := map[string]any{"Regex": pattern}
		vocab := map[string]int{"<unk>": 0, "<s>": 1, "a": 2, "b": 3, "ab": 4, "▁": 5}
		for _, more := range []string{name, piece} {
			if _, ok := vocab[more]; !ok {
				vocab[more] = len(vocab)
			}
		}
		steps := []any{map[string]any{"type": "Split", "pattern": regex, "behavior": behaviors[bits%4], "invert": bit(2)}}
		decoder := map[string]any{"type": "Fuse"}
		if bit(3) {
			steps = append([]any{map[string]any{"type": "ByteLevel", "add_prefix_space": bit(4)}}, steps...)
			decoder["type"] = "ByteLevel"
		}
		file, err := json.Marshal(map[string]any{
			"normalizer": map[string]any{"type": "Sequence", "normalizers": []any{map[string]any{"type": "NFC"},
				map[string]any{"type": "Replace", "pattern": map[string]any{"String": from}, "content": content},
				map[string]any{"type": "Replace", "pattern": regex, "content": content}}},
			"pre_tokenizer":  map[string]any{"type": "Sequence", "pretokenizers": steps},
			"post_processor": map[string]any{"type": "BertProcessing", "cls": []any{"<s>", 1}},
			"decoder":        decoder,
			"added_tokens": []any{map[string]any{"id": 1, "content": "<s>", "special": true},
				map[string]any{"id": vocab[name], "content": name, "normalized": bit(5), "lstrip": bit(6), "rstrip": bit(6), "single_word": bit(7)}},
			"model": map[string]any{"type": "BPE", "vocab": vocab, "merges": []string{"a b"}, "unk_token": "<unk>", "ignore_merges": bit(7), "fuse_unk": bit(6)},
		})
		require.NoError(t, err)
		tok, err := parseBounded(t, len(file), func() (Tokenizer, error) { return parseHuggingFace(file) })
		if err != nil {
			return
		}
		checkParsed(t, tok)
		ids, err := tok.Encode(text)
		if err == nil {
			decodeBoth(t, tok, ids)
		}
	})
}

// FuzzGPT2 checks that any vocab.json and merges.txt are an error or a tokenizer that round-trips.
func FuzzGPT2(f *testing.F) {
	learned, err := TrainBPE(strings.NewReader(strings.Repeat("the 春 they ", 9)), 270, nil)
	require.NoError(f, err)
	vocab, merges, err := GPT2Files(WithSpecials(learned, "<|end|>"))
	require.NoError(f, err)
	f.Add(vocab, merges)
	f.Add([]byte(`{"a":0,"b":1,"ab":2,"<s>":3}`), []byte("#version: 0.2\na b\n"))
	f.Fuzz(func(t *testing.T, vocab, merges []byte) {
		tok, err := parseBounded(t, len(vocab)+len(merges), func() (Tokenizer, error) { return parseGPT2(vocab, merges) })
		if err == nil {
			checkParsed(t, tok)
		}
	})
}

// FuzzLlama2c checks that any file of llama2.c is an error or a tokenizer that round-trips.
func FuzzLlama2c(f *testing.F) {
	f.Add(llamaFile(llamaPieces()))
	f.Add([]byte("\x0a\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, file []byte) {
		if !isLlama(file) {
			return
		}
		tok, err := parseBounded(t, len(file), func() (Tokenizer, error) { return parseLlama(file) })
		if err == nil {
			checkParsed(t, tok)
		}
	})
}

// FuzzSaved checks that any tokenizer.json of this project is an error or a tokenizer that round-trips.
func FuzzSaved(f *testing.F) {
	for _, tok := range oneOfEach(f) {
		text, err := marshalPlain(tok.(*vocabulary).file(), "")
		require.NoError(f, err)
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var file jsonFile
		if json.Unmarshal(text, &file) == nil { // reach the checks after that of the checksum
			file.Checksum = file.sum()
			if signed, err := marshalPlain(&file, ""); err == nil {
				text = signed
			}
		}
		tok, err := parseBounded(t, len(text), func() (Tokenizer, error) { return parseSaved(text) })
		if err != nil {
			return
		}
		ids, err := tok.Encode("a\\b \xff")
		if errors.As(err, new(*UnknownError)) {
			return
		}
		require.NoError(t, err)
		decodeBoth(t, tok, ids)
	})
}
