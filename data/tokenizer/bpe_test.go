package tokenizer

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	oracle "github.com/tiktoken-go/tokenizer"
)

// sharedFile returns the path of a reference file, or skips the test.
func sharedFile(t testing.TB, name string) string {
	t.Helper()
	path := filepath.FromSlash("../../../shared/" + name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("reference file not available: %v", err)
	}
	return path
}

func sharedText(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(sharedFile(t, name))
	require.NoError(t, err)
	return string(text)
}

func gpt2(t testing.TB) Tokenizer {
	t.Helper()
	tok, err := Load(filepath.Dir(sharedFile(t, "tokenizers/gpt2_encoder.json")))
	require.NoError(t, err)
	return tok
}

func TestGPT2KnownAnswers(t *testing.T) {
	tok := gpt2(t)
	assert.Equal(t, 50257, tok.Vocab()) // 256 bytes, 50,000 merges, <|endoftext|>
	end, ok := tok.Special("<|endoftext|>")
	require.True(t, ok)
	assert.Equal(t, 50256, end)
	// Two known encodings; TestGPT2Oracle confirms them.
	ids, err := tok.Encode("Hello world! It's 2026.")
	require.NoError(t, err)
	assert.Equal(t, []int{15496, 995, 0, 632, 338, 1160, 2075, 13}, ids)
	ids, err = tok.Encode("春眠不觉晓，处处闻啼鸟。")
	require.NoError(t, err)
	assert.Len(t, ids, 27)
	ids, err = tok.Encode("<|endoftext|>")
	require.NoError(t, err)
	assert.NotContains(t, ids, end)
}

// TestGPT2Oracle compares ids with r50k_base of github.com/tiktoken-go/tokenizer, by lines and by
// paragraphs, over text in both languages.
func TestGPT2Oracle(t *testing.T) {
	tok := gpt2(t)
	codec, err := oracle.Get(oracle.R50kBase)
	require.NoError(t, err)
	texts := []string{
		"", " ", "  ", "\n", " \n x", "a  b", "a\u3000\u3000b", "it's we'll 'llama 'S ''t", "x'", "①²¾ 3.14", "naïve\u0301 é",
		"🙂🙂 \u200b\u00a0\u0085 ", "\x00\x1c\x1d\x1e\x1f", "\ufffd", "ﬁn ǅ ª º ʰ", "一二三 ٣٤", strings.Repeat("ab", 300), strings.Repeat(" ", 70) + "x",
	}
	for _, name := range []string{"tinyshakespeare.txt", "tatoeba_en_zh.tsv", "tang_jueju.tsv", "dialogue_zh_kdconv.tsv", "summary_en_debian.tsv"} {
		text := strings.ToValidUTF8(sharedText(t, "data/"+name)[:60000], "")
		texts = append(texts, text)
		texts = append(texts, strings.Split(text, "\n")...)
	}
	for _, text := range texts {
		assertSameIDs(t, tok, codec, text)
	}
	t.Logf("%d texts agree", len(texts))
}

func assertSameIDs(t *testing.T, tok Tokenizer, codec oracle.Codec, text string) {
	t.Helper()
	want, _, err := codec.Encode(text)
	require.NoError(t, err)
	got, err := tok.Encode(text)
	require.NoError(t, err)
	require.Len(t, got, len(want), "%q", text)
	for i, id := range want {
		require.Equal(t, int(id), got[i], "token %d of %q", i, text)
	}
}

func FuzzGPT2Oracle(f *testing.F) {
	tok := gpt2(f)
	codec, err := oracle.Get(oracle.R50kBase)
	require.NoError(f, err)
	for _, seed := range []string{"Hello world! It's 2026.", "春眠不觉晓，处处闻啼鸟。", "a \u3000\u0085b", "'ll'LL ' s", "½ⅷ٣"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		// The oracle accepts only valid UTF-8, and its vocabulary lacks U+007F, which has id 221 in
		// GPT-2's encoder.json.
		text = strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\x7f", "")
		assertSameIDs(t, tok, codec, text)
	})
}

func FuzzRoundTrip(f *testing.F) {
	text := "the cat sat on the mat, the cat that sat; 春眠不觉晓 春眠不觉晓 \xff\xfe\xff\xfe it's it's"
	bpe, err := TrainBPE(strings.NewReader(text), 300, nil)
	require.NoError(f, err)
	all := []Tokenizer{NewByte(), bpe, WithSpecials(bpe, "<|end|>"), llamaOf(f, llamaPieces())}
	for _, seed := range []string{"", text, "<|end|>", "\xe6\x98", " \t\n", "a\x80", " leading", "<s>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, tok := range append(all, NewChar(text)) {
			ids, err := tok.Encode(text)
			require.NoError(t, err)
			back, err := tok.Decode(ids)
			require.NoError(t, err)
			require.Equal(t, text, back, tok.Kind())
			stream, streamed := NewStream(tok), ""
			for _, id := range ids {
				streamed += stream.Push(id)
			}
			require.Equal(t, text, streamed+stream.Flush(), tok.Kind())
		}
	})
}

// TestTrainBPEIsDeterministic trains twice on 200 kB of Chinese and English: the files are equal to
// the byte, and the loaded tokenizer gives the same ids.
func TestTrainBPEIsDeterministic(t *testing.T) {
	text := sharedText(t, "data/tatoeba_en_zh.tsv")[:200000]
	dir := t.TempDir()
	var files [2][]byte
	var tok Tokenizer
	for i := range files {
		var err error
		tok, err = TrainBPE(strings.NewReader(text), 1000, nil)
		require.NoError(t, err)
		path := filepath.Join(dir, "tokenizer.json")
		require.NoError(t, tok.Save(path))
		files[i], err = os.ReadFile(path)
		require.NoError(t, err)
	}
	assert.True(t, bytes.Equal(files[0], files[1]))
	loaded, err := Load(dir)
	require.NoError(t, err)
	want, err := tok.Encode(text)
	require.NoError(t, err)
	got, err := loaded.Encode(text)
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

func BenchmarkEncodeGPT2(b *testing.B) {
	for _, name := range []string{"tinyshakespeare.txt", "dialogue_zh_kdconv.tsv", "tang_jueju.tsv"} {
		b.Run(name, func(b *testing.B) { benchmarkEncode(b, gpt2(b), sharedText(b, "data/"+name)) })
	}
}

// BenchmarkEncodeGPT2Cold encodes with empty word caches, as in a single pass over a text.
func BenchmarkEncodeGPT2Cold(b *testing.B) {
	for _, name := range []string{"tinyshakespeare.txt", "dialogue_zh_kdconv.tsv", "tang_jueju.tsv"} {
		b.Run(name, func(b *testing.B) {
			tok, text := gpt2(b), sharedText(b, "data/"+name)
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				b.StopTimer()
				runtime.GC() // two collections empty the sync.Pool of the caches
				runtime.GC()
				b.StartTimer()
				_, err := tok.Encode(text)
				require.NoError(b, err)
			}
		})
	}
}

func BenchmarkEncodeTrained(b *testing.B) {
	for _, name := range []string{"tinyshakespeare.txt", "dialogue_zh_kdconv.tsv"} {
		text := sharedText(b, "data/"+name)
		tok, err := TrainBPE(strings.NewReader(text), 4096, nil)
		require.NoError(b, err)
		b.Run(name, func(b *testing.B) { benchmarkEncode(b, tok, text) })
	}
}

func benchmarkEncode(b *testing.B, tok Tokenizer, text string) {
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	tokens := 0
	for b.Loop() {
		ids, err := tok.Encode(text)
		require.NoError(b, err)
		tokens = len(ids)
	}
	b.ReportMetric(float64(len(text))/float64(tokens), "bytes/token")
}
