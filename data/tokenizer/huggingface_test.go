package tokenizer

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hfReference is what Hugging Face's library makes of random texts; testdata/huggingface/reference.js
// wrote it.
type hfReference struct {
	Texts string `json:"texts"` // digest of the texts
	Block int    `json:"block"` // texts of one digest
	Kinds map[string]struct {
		IDs         []string `json:"ids"`    // of the first texts
		Blocks      []string `json:"blocks"` // digests of the ids of all texts
		Names       []string `json:"names"`  // of added tokens
		Named       []string `json:"named"`  // ids of the first texts with names
		NamedBlocks []string `json:"namedBlocks"`
	} `json:"kinds"`
}

func digest(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text)))[:12] }

func readReference(t testing.TB) (r hfReference) {
	t.Helper()
	text, err := os.ReadFile("testdata/huggingface/reference.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &r))
	return r
}

// readKinds returns the files of the tokenizers in testdata, by their kinds.
func readKinds(t testing.TB) map[string][]byte {
	t.Helper()
	packed, err := os.ReadFile("testdata/huggingface/tokenizers.json.gz")
	require.NoError(t, err)
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	require.NoError(t, err)
	text, err := io.ReadAll(unpacked)
	require.NoError(t, err)
	var all struct {
		Models map[string]map[string]any `json:"models"`
		Kinds  map[string]map[string]any `json:"kinds"`
	}
	require.NoError(t, json.Unmarshal(text, &all))
	files := map[string][]byte{}
	for name, file := range all.Kinds {
		model := file["model"].(map[string]any)
		used := all.Models[model["use"].(string)]
		model["vocab"], model["merges"] = used["vocab"], used["merges"]
		model["type"] = "BPE"
		files[name], err = json.Marshal(file)
		require.NoError(t, err)
	}
	return files
}

// allKinds returns the tokenizers in testdata.
func allKinds(t testing.TB) map[string]*vocabulary {
	t.Helper()
	kinds := map[string]*vocabulary{}
	for name, file := range readKinds(t) {
		tok, err := parseHuggingFace(file)
		require.NoError(t, err, name)
		kinds[name] = tok.(*vocabulary)
	}
	return kinds
}

// idLine returns the ids of a text as in the reference.
func idLine(t *testing.T, tok Tokenizer, text string) string {
	t.Helper()
	ids, err := tok.Encode(text)
	require.NoError(t, err, "%q", text)
	words := make([]string, len(ids))
	for i, id := range ids {
		words[i] = strconv.Itoa(id)
	}
	return strings.Join(words, " ")
}

// compareIDs compares the ids of texts with the first ones and with the digests of all.
func compareIDs(t *testing.T, tok Tokenizer, texts, first, blocks []string, size int) {
	t.Helper()
	lines := make([]string, len(texts))
	for i, text := range texts {
		lines[i] = idLine(t, tok, text)
		if i < len(first) {
			require.Equal(t, first[i], lines[i], "%q", text)
		}
	}
	for i, want := range blocks {
		assert.Equal(t, want, digest(strings.Join(lines[i*size:(i+1)*size], "\n")), "texts %d to %d", i*size, (i+1)*size-1)
	}
}

// TestHuggingFaceReference compares the ids of 5,000 texts of 20 scripts with those of Hugging Face's
// library, for each kind of tokenizer, and of 500 texts with the names of added tokens.
func TestHuggingFaceReference(t *testing.T) {
	reference := readReference(t)
	texts := randomTexts(5000, 1, nil)
	require.Equal(t, reference.Texts, digest(strings.Join(texts, "\x00")), "the texts of texts.js")
	kinds := allKinds(t)
	require.Len(t, kinds, len(reference.Kinds))
	for name, want := range reference.Kinds {
		t.Run(name, func(t *testing.T) {
			tok := kinds[name]
			require.Len(t, want.Blocks, len(texts)/reference.Block)
			compareIDs(t, tok, texts, want.IDs, want.Blocks, reference.Block)
			if len(want.Names) > 0 {
				compareIDs(t, ParseSpecials(tok), randomTexts(500, 2, want.Names), want.Named, want.NamedBlocks, reference.Block)
			}
		})
	}
}
