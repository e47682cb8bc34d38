package data

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/record"
	"euryale/data/task"
	"euryale/data/textfile"
	"euryale/data/tokenizer"
	"euryale/data/tokenizer/tokenizertest"
)

// openPath opens a corpus without a cache.
func openPath(t *testing.T, c Config) *Corpus {
	t.Helper()
	corpus, err := Open(c, tokenizer.Config{}, nil, Options{Cache: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { corpus.Close() })
	return corpus
}

// files writes files into a new directory.
func files(t *testing.T, contents map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range contents {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644))
	}
	return dir
}

// jsonTexts returns JSON Lines of texts.
func jsonTexts(texts ...string) string {
	var b strings.Builder
	for _, text := range texts {
		fmt.Fprintf(&b, "{\"text\": %q}\n", text)
	}
	return b.String()
}

// Each document is ended by the end token, and no document is divided between the parts.
func TestDocumentsEnd(t *testing.T) {
	path := write(t, "stories", jsonTexts("one tree", "two\ntrees", "a 春", "four")+"{\"text\": 3}\nnot JSON\n")
	c := openPath(t, Config{Name: path, Split: 0.7})
	assert.Equal(t, "one tree<|end|>two\ntrees<|end|>a 春<|end|>four<|end|>3<|end|>", allTokens(t, c))
	train, err := c.Text("train", 0)
	require.NoError(t, err)
	assert.Equal(t, "one tree\ntwo\ntrees\n", train, "17 of 27 bytes")
	valid, err := c.Text("valid", 0)
	require.NoError(t, err)
	assert.Equal(t, "a 春\nfour\n3\n", valid)
	assert.Contains(t, c.Describe(), "corpus    "+path+": 5 texts (text)\n")
	assert.Equal(t, []string{"1 records cannot be read and were skipped: " + path + ":6: not a JSON object"}, c.Info.Notes)
	again := openPath(t, c.Config) // as the run's configuration has it
	assert.Equal(t, c.Config, again.Config)
	_, err = Open(Config{Name: path, Ragged: "refuse"}, tokenizer.Config{}, nil, Options{})
	assert.ErrorContains(t, err, path+":6: not a JSON object: correct it, or skip such records")
	_, err = Open(Config{Name: path}, tokenizer.Config{}, tokenizer.WithSpecials(tokenizer.NewChar("onetrwas\n "), "<|end|>"), Options{})
	assert.ErrorContains(t, err, path+`:3: character "春"`)

	masked := openPath(t, Config{Name: path, Task: "mask"})
	f, err := masked.Format()
	require.NoError(t, err)
	assert.GreaterOrEqual(t, f.Mask(), 0)
	assert.Equal(t, c.Info.Train+c.Info.Valid, masked.Info.Train+masked.Info.Valid)
}

// A single document is divided as running text is.
func TestSingleDocument(t *testing.T) {
	c := openPath(t, Config{Name: write(t, "x.jsonl", jsonTexts(strings.Repeat("春 ", 100))), Split: 0.5})
	assert.Equal(t, 100, c.Info.Train)
	assert.Equal(t, 101, c.Info.Valid)
}

// The tokens of documents are the same in memory and in a file, in pieces and whole, and decode to the
// documents, whatever the tokenizer. It uses its own end token, if it has one.
func TestDocumentsOfEveryTokenizer(t *testing.T) {
	texts := []string{contractText, "春眠", strings.Repeat("the tree ran to a bird ", 50), "saw", "the big dog"}
	path := write(t, "x.jsonl", jsonTexts(texts...))
	for name, tok := range tokenizertest.All(t, contractText) {
		decoded := ""
		for _, text := range texts {
			decoded += tokenizertest.Decoded(tok, text) + "\n"
		}
		var first []int
		for _, chunk := range []int{100, 1 << 20} {
			c, err := Config{Name: path, Split: 0.5}.resolve()
			require.NoError(t, err)
			s, err := record.Open(path, c.record(), task.PartWord)
			require.NoError(t, err)
			j := &textJob{Config: c, known: tok, opts: Options{Cache: t.TempDir()}, limit: int64(chunk), docs: newDocuments(s), text: textfile.Source{Files: s.Files}}
			j.docs.chunk = chunk
			ended, tokens, h, err := j.open()
			require.NoError(t, err)
			all := ids(tokens)
			_, end := withEnd(ended)
			assert.EqualValues(t, 5, h.Documents)
			got, err := decodeDocuments(all, end, ended)
			require.NoError(t, err)
			require.Equal(t, decoded, got, name)
			if first == nil {
				first = all
			}
			require.Equal(t, first, all, name)
			assert.Equal(t, end, all[h.Split-1], "the training part ends with a document")
			if begin, ok := tok.Begin(); ok {
				for i, id := range all[:len(all)-1] {
					require.Equal(t, id == end, all[i+1] == begin, "%s: every document begins with its token", name)
				}
			}
			require.NoError(t, tokens.Close())
		}
		if id, ok := tok.Special("</s>"); ok {
			assert.Equal(t, id, first[len(first)-1], name)
		}
	}
}

// Pairs are the same from every format.
func TestPairsOfEveryFormat(t *testing.T) {
	var tsv, jsonl, csv strings.Builder
	csv.WriteString("english,\"french\"\n")
	for i := range 30 {
		fmt.Fprintf(&tsv, "the %d trees\tles %[1]d arbres\n", i)
		fmt.Fprintf(&jsonl, "{\"target\": \"les %d arbres\", \"source\": \"the %[1]d trees\"}\n", i)
		fmt.Fprintf(&csv, "the %d trees,\"les %[1]d arbres\"\n", i)
	}
	for _, taskName := range []string{"pairs", "summary"} {
		for _, encoder := range []bool{false, true} {
			want := openPath(t, Config{Name: write(t, "x.tsv", tsv.String()), Task: taskName, Encoder: encoder})
			for _, content := range []string{jsonl.String(), csv.String()} {
				got := openPath(t, Config{Name: write(t, "x.csv", content), Task: taskName, Encoder: encoder})
				assert.Equal(t, want.parts.(*taskParts).items, got.parts.(*taskParts).items)
				assert.Equal(t, want.parts.(*taskParts).reference, got.parts.(*taskParts).reference)
				assert.Equal(t, want.Tokenizer.Vocab(), got.Tokenizer.Vocab())
				assert.Contains(t, got.Info.Records, "30 pairs (")
			}
		}
	}
}

// An instruction and its input are two fields of a source; a prompt may leave out the input.
func TestInstructions(t *testing.T) {
	path := write(t, "alpaca.jsonl", strings.Repeat(`{"instruction": "Add\tup", "input": "1 2", "output": "3"}`+"\n"+`{"instruction": "Add", "output": "0"}`+"\n", 10))
	c := openPath(t, Config{Name: path, Task: "pairs", Key: "output"})
	assert.Equal(t, "instruction,input", c.Config.Source)
	f, err := c.Format()
	require.NoError(t, err)
	for given, want := range map[string]string{
		"Add    up\t1 2": "<|begin|>Add    up<|field|>1 2<|answer|>",
		"Add":            "<|begin|>Add<|field|><|answer|>",
	} {
		prompt, err := f.Prompt(given)
		require.NoError(t, err)
		assert.Equal(t, want, text(t, c, prompt))
		found := false
		for part := range 2 {
			for _, s := range c.parts.(*taskParts).samples(64, part) {
				found = found || strings.HasPrefix(text(t, c, s.Tokens), want)
			}
		}
		assert.True(t, found, want)
	}
}

// Of dialogues from messages the turns of the assistant are targets, each after all before it; the
// system speaks, but is not answered.
func TestMessagesOfEveryTokenizer(t *testing.T) {
	const chat = `{"messages": [{"role": "system", "content": "the dog"}, {"role": "user", "content": "saw\n\na: bird"}, {"role": "assistant", "content": "to the\n  tree"}, {"role": "user", "content": "the"}, {"role": "assistant", "content": "big dog"}]}`
	const bare = `{"messages": [{"role": "user", "content": "a bird"}, {"role": "assistant", "content": "saw"}]}`
	path := write(t, "chat.jsonl", chat+"\n"+bare+"\n")
	for name, tok := range tokenizertest.All(t, contractText+"\n") {
		for _, encoder := range []bool{false, true} {
			for _, split := range []float64{0.001, 0.999} {
				c, err := Open(Config{Name: path, Task: "dialogue", Encoder: encoder, Split: split}, tokenizer.Config{}, tok, Options{})
				require.NoError(t, err)
				assert.Equal(t, "assistant", c.Config.Reply)
				assert.Equal(t, "2 dialogues (messages)", c.Info.Records)
				f, err := c.Format()
				require.NoError(t, err)
				assert.Equal(t, []string{"user", "assistant", "system"}, f.Speakers())
				checkReplies(t, name, c, f)
				prompt, err := f.Prompt("a bird")
				require.NoError(t, err)
				source, err := f.Source("a bird")
				require.NoError(t, err)
				assert.Equal(t, "<|role:user|>a bird<|end|><|role:assistant|>", text(t, c, append(source, prompt...)), name)
			}
		}
	}
	all := openPath(t, Config{Name: path, Task: "dialogue", Reply: "*", Split: 0.999})
	assert.Equal(t, 4+1, len(all.parts.(*taskParts).reference[task.TrainPart]), "all but the first of each")
}

// checkReplies checks that the prompt of each example is what training puts before its answer.
func checkReplies(t *testing.T, name string, c *Corpus, f *task.Format) {
	t.Helper()
	parts := c.parts.(*taskParts)
	n := 0
	for part := range parts.items {
		var whole strings.Builder
		for _, s := range parts.samples(200, part) {
			whole.WriteString(text(t, c, append(s.Source, s.Tokens...)) + "\n")
		}
		for _, e := range parts.reference[part] {
			prompt, err := f.Prompt(e.Source)
			require.NoError(t, err)
			source, err := f.Source(e.Source)
			require.NoError(t, err)
			require.Contains(t, whole.String(), text(t, c, append(source, prompt...))+tokenizertest.Decoded(c.Tokenizer, e.Reference), "%s: %q", name, e.Source)
			n++
		}
	}
	assert.Equal(t, 3, n)
}

// The files of a directory are one corpus, and their names say their parts.
func TestDirectoriesOfRecords(t *testing.T) {
	dir := files(t, map[string]string{
		"README.md":   "about",
		"train.jsonl": jsonTexts("a", "b") + "x\n", "validation.csv": "id,text\n1,c\n2,d\n", "test-0.jsonl": jsonTexts("e"),
	})
	c := openPath(t, Config{Name: dir})
	assert.Equal(t, "a<|end|>b<|end|>c<|end|>d<|end|>", allTokens(t, c))
	assert.Equal(t, []int{4, 4}, []int{c.Info.Train, c.Info.Valid})
	assert.Equal(t, []string{dir + ": skipped 1 files that are not .jsonl, .ndjson, .csv, .parquet (1 .md)",
		"1 records cannot be read and were skipped: " + filepath.Join(dir, "train.jsonl") + ":3: not a JSON object", "1 records of the test part are left out"}, c.Info.Notes)

	dir = files(t, map[string]string{"a.jsonl": `{"source": "a", "target": "b"}` + "\n", "b.jsonl": `{"source": "c", "target": "d"}` + "\n\n" + `{"source": "e", "target": "f", "split": "x"}` + "\n"})
	c = openPath(t, Config{Name: dir, Task: "pairs", Split: 0.999})
	assert.Len(t, c.parts.(*taskParts).items[task.TrainPart], 3)
	_, err := Open(Config{Name: dir, Task: "pairs"}, tokenizer.Config{}, tokenizer.WithSpecials(tokenizer.NewChar("abc"), task.Specials(task.Config{Task: "pairs"}, nil)...), Options{})
	assert.ErrorContains(t, err, filepath.Join(dir, "b.jsonl")+`:1: character "d"`)

	dir = files(t, map[string]string{"qa_train.jsonl": strings.Repeat(`{"source": "a", "target": "b"}`+"\n", 9), "qa_dev.jsonl": `{"source": "c", "target": "d"}`, "qa_test.jsonl": `{"source": "e", "target": "f"}`})
	c = openPath(t, Config{Name: dir, Task: "pairs"})
	for part, want := range []int{9, 1, 1} {
		assert.Len(t, c.parts.(*taskParts).items[part], want)
	}

	dir = files(t, map[string]string{"a.txt": "plain", "b.jsonl": jsonTexts("a")})
	assert.Equal(t, "plain", allTokens(t, openPath(t, Config{Name: dir})), "text comes first")
	_, err = Open(Config{Name: files(t, map[string]string{"a.md": "x"}), Task: "pairs"}, tokenizer.Config{}, nil, Options{})
	assert.ErrorContains(t, err, "has no record files: the extensions are .jsonl, .ndjson, .csv, .parquet, optionally with .gz or .zst")
}

// A column or key "split" names the part of each record.
func TestSplitOfRecords(t *testing.T) {
	lines := `{"text": "c", "split": "validation"}` + "\n" + `{"text": "a", "split": "train"}` + "\n" + `{"text": "e", "split": "test"}` + "\n" + `{"text": "b", "split": "train"}` + "\n"
	c := openPath(t, Config{Name: write(t, "x.jsonl", lines)})
	assert.Equal(t, "a<|end|>b<|end|>c<|end|>", allTokens(t, c))
	assert.Equal(t, 4, c.Info.Train)
	path := write(t, "x.jsonl", lines+`{"text": "a", "split": "odd"}`)
	_, err := Open(Config{Name: path}, tokenizer.Config{}, nil, Options{})
	assert.ErrorContains(t, err, path+`:5: split column: there is no part "odd"`)
}
