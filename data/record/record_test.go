package record

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// write writes a file into a new directory and returns its path.
func write(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
	return path
}

// gzipped and zstandard compress a file.
func gzipped(t testing.TB, content string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write([]byte(content))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return b.String()
}

func zstandard(t testing.TB, content string) string {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	defer z.Close()
	return string(z.EncodeAll([]byte(content), nil))
}

// parquetOf returns a Parquet file of rows, in row groups of two.
func parquetOf[T any](t testing.TB, rows []T, options ...parquet.WriterOption) string {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[T](&b, append(options, parquet.MaxRowsPerRowGroup(2))...)
	_, err := w.Write(rows)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

func parts(word string) (string, bool) {
	part, ok := map[string]string{"train": "train", "valid": "valid", "validation": "valid", "test": "test"}[word]
	return part, ok
}

// configs are those of the tasks.
var (
	ofTexts     = Config{Task: "lm", RunningText: true}
	ofPairs     = Config{Task: "pairs", Source: "1", Target: "2", DefaultColumns: true}
	ofDialogues = Config{Task: "dialogue", DefaultColumns: true}
)

// readAll returns the records of a file without their lines.
func readAll(t *testing.T, path string, c Config) (*Set, []Record) {
	t.Helper()
	s, err := Open(path, c, parts)
	require.NoError(t, err)
	require.NotNil(t, s, path)
	var all []Record
	require.NoError(t, s.Each(func(_ int, r Record) error {
		r.Line = 0
		all = append(all, r)
		return nil
	}))
	return s, all
}

func pairsOf(texts ...string) (all []Record) {
	for i := 0; i < len(texts); i += 2 {
		all = append(all, Record{Source: texts[i : i+1], Target: texts[i+1 : i+2]})
	}
	return all
}

// The same records are read from every format, by content: whatever the name, plain or compressed.
func TestFormatsAreRecognizedByContent(t *testing.T) {
	type pair struct {
		Completion string `parquet:"completion,optional,snappy"`
		Other      int    `parquet:"other"`
		Prompt     string `parquet:"prompt,dict,zstd"`
	}
	want := pairsOf("Hello, \"you\"", "Hi\nthere", "春眠", "不觉晓", "1", "true")
	files := map[string]string{
		"JSON Lines": `{"prompt": "Hello, \"you\"", "completion": "Hi\nthere", "id": 7}` + "\r\n\n" +
			`{"completion": "不觉晓", "prompt": "\u6625眠"}` + "\n" + `{"prompt": 1, "completion": true}`,
		"JSON array":     "[\n {\"prompt\": \"Hello, \\\"you\\\"\", \"completion\": \"Hi\\nthere\"},\n{\"completion\": \"不觉晓\", \"prompt\": \"春眠\"}, {\"prompt\": 1,\n \"completion\": true}\n]\n",
		"CSV":            "id,prompt,completion\n7,\"Hello, \"\"you\"\"\",\"Hi\nthere\"\n8,春眠,不觉晓\n9,1,true",
		"CSV, semicolon": "\ufeffid;prompt;completion\r\n7;\"Hello, \"\"you\"\"\";\"Hi\nthere\"\r\n8;春眠;不觉晓\r\n9;1;true\r\n",
		"Parquet":        parquetOf(t, []pair{{"Hi\nthere", 7, "Hello, \"you\""}, {"不觉晓", 8, "春眠"}, {"true", 9, "1"}}),
	}
	for format, content := range files {
		for _, stored := range []string{content, gzipped(t, content), zstandard(t, content)} {
			for _, name := range []string{"data", "data.txt", "data.jsonl", "data.csv"} {
				path := write(t, name, stored)
				s, got := readAll(t, path, ofPairs)
				assert.Equal(t, want, got, "%s, %s", format, name)
				assert.Equal(t, "3 pairs (prompt, completion)", s.Layout.Describe(3))
				assert.Zero(t, s.Skipped.Count)
			}
		}
		_, got := readAll(t, write(t, "data.zst", zstandard(t, content)), ofPairs)
		assert.Equal(t, want, got, format)
	}
	_, got := readAll(t, write(t, "data.parquet.gz", gzipped(t, files["Parquet"])), ofPairs)
	assert.Equal(t, want, got)
}

// Running text and tables of tab-separated columns are not records.
func TestTextIsNoRecords(t *testing.T) {
	for _, text := range []string{
		"", "The rays of light.\n", "{\n\"a\": 1\n}\n", "text, they say, is text,\nand so on, and on,\n", "{braces}\n", "[1]\n", "{}\n{}\n",
		"source\ttarget, a\nb\tc, d\n",
	} {
		for _, c := range []Config{ofTexts, ofPairs, ofDialogues} {
			s, err := Open(write(t, "x.txt", text), c, parts)
			require.NoError(t, err)
			assert.Nil(t, s, "%q", text)
		}
	}
	c := ofTexts
	c.Format = "text"
	s, err := Open(write(t, "x.jsonl", `{"text": "a"}`), c, parts)
	require.NoError(t, err)
	assert.Nil(t, s, "it is to be read as it stands")
}

func TestLayouts(t *testing.T) {
	named := func(c Config, set func(*Config)) Config { set(&c); return c }
	for _, tt := range []struct {
		line string
		c    Config
		want string
	}{
		{`{"text": "a", "url": "b"}`, ofTexts, "1 text (text)"},
		{`{"content": "a"}`, ofTexts, "1 text (content)"},
		{`{"title": "a", "body": {"en": "b"}}`, named(ofTexts, func(c *Config) { c.Text = "title,body.en" }), "1 text (title, body.en)"},
		{`{"instruction": "a", "input": "", "output": "b"}`, ofPairs, "1 pair (instruction, input, output)"},
		{`{"instruction": "a", "output": "b"}`, ofPairs, "1 pair (instruction, output)"},
		{`{"source": "a", "target": "b"}`, ofPairs, "1 pair (source, target)"},
		{`{"translation": {"en": "a", "fr": "b"}}`, named(ofPairs, func(c *Config) { c.DefaultColumns, c.Source, c.Target = false, "translation.en", "translation.fr" }),
			"1 pair (translation.en, translation.fr)"},
		{`{"a": "b", "c": "d"}`, named(ofPairs, func(c *Config) { c.DefaultColumns, c.Source, c.Target = false, "", "c" }), "1 pair (c)"},
		{"english,french\na,b\n", ofPairs, "1 pair (english, french)"},
		{`{"messages": [{"role": "user", "content": "a"}]}`, ofDialogues, "1 dialogue (messages)"},
		{`{"conversations": [{"from": "human", "value": "a"}]}`, ofDialogues, "1 dialogue (conversations)"},
		{`{"chat": [{"who": "me", "said": "a"}]}`, named(ofDialogues, func(c *Config) { c.Messages, c.Role, c.Content = "chat", "who", "said" }), "1 dialogue (chat)"},
		{"id,turn,speaker,text\n1,0,a,b\n", ofDialogues, "1 turn (id, turn, speaker, text)"},
	} {
		s, got := readAll(t, write(t, "x.csv", tt.line), tt.c)
		assert.Len(t, got, 1)
		assert.Equal(t, tt.want, s.Layout.Describe(len(got)))
	}
}

// A file that a task cannot read is an error that names the task that can, or the keys to set.
func TestMisfits(t *testing.T) {
	const messages, pair, text = `{"messages": [{"role": "user", "content": "a"}]}`, `{"prompt": "a", "completion": "b"}`, `{"text": "a"}`
	for _, tt := range []struct {
		line string
		c    Config
		want string
	}{
		{messages, ofTexts, " has dialogues (messages), which task lm does not read: use -task dialogue"},
		{messages, ofPairs, " has dialogues (messages), which task pairs does not read: use -task dialogue"},
		{pair, ofTexts, ` has pairs (prompt, completion), which task lm does not read: use -task pairs, or set data.text = "prompt,completion" to read both as one text`},
		{pair, ofDialogues, " has pairs (prompt, completion), which task dialogue does not read: use -task pairs"},
		{text, ofPairs, " has texts (text), which task pairs does not read: use -task lm, or name its columns with data.source and data.target"},
		{text, ofDialogues, " has texts (text), which task dialogue does not read: use -task lm, or name its columns with data.messages, data.role and data.content"},
		{`{"a": 1, "b": {"c": 2}}`, ofTexts, ` has the columns a, b, b.c, none of which has a name that task lm knows: set data.text, or data.format = "text" to read the lines as they stand`},
		{`{"a": 1, "b": 2}`, ofPairs, " has the columns a, b, none of which has a name that task pairs knows: set data.source and data.target"},
		{pair, Config{Task: "pairs", Source: "promt", Target: "completion"}, `: data.source is "promt", but the columns are completion, prompt`},
		{pair, Config{Task: "lm", RunningText: true, Text: "body"}, `: data.text is "body", but the columns are completion, prompt`},
	} {
		path := write(t, "x.jsonl", tt.line)
		_, err := Open(path, tt.c, parts)
		assert.EqualError(t, err, path+tt.want)
	}
}

func TestMessages(t *testing.T) {
	type message struct {
		Content string `parquet:"content"`
		Name    string `parquet:"name,optional"`
		Role    string `parquet:"role"`
	}
	type chat struct {
		Messages []message `parquet:"messages,list"`
	}
	type plain struct {
		Messages []message `parquet:"messages"`
	}
	want := []Record{{Turns: []Turn{{"system", "Be brief."}, {"user", "Hi\nyou"}, {"assistant", "Hello"}}}, {Turns: []Turn{{"user", "Why?"}, {"assistant", "So."}}}}
	first := []message{{"Be brief.", "", "system"}, {" Hi\nyou", "", "user"}, {"Hello\n", "", "assistant"}}
	second := []message{{"", "", "system"}, {"Why?", "x", "user"}, {"So.", "", "assistant"}}
	const lists = `[{"role": "system", "content": "Be brief."}, {"role": "user", "content": [{"type": "text", "text": "Hi\n"}, {"type": "text", "text": "you"}]}, {"role": "assistant", "content": "Hello\n"}]`
	for name, content := range map[string]string{
		"JSON Lines":      `{"messages": ` + lists + `}` + "\n" + `{"messages": [{"role": "system", "content": ""}, {"role": "user", "content": "Why?"}, {"role": "assistant", "content": "So."}]}`,
		"Parquet, list":   parquetOf(t, []chat{{first}, {second}}),
		"Parquet, repeat": parquetOf(t, []plain{{first}, {second}}),
		"CSV":             "id,messages\n1,\"" + strings.ReplaceAll(lists, `"`, `""`) + "\"\n2,\"[{\"\"role\"\": \"\"user\"\", \"\"content\"\": \"\"Why?\"\"}, {\"\"role\"\": \"\"assistant\"\", \"\"content\"\": \"\"So.\"\"}]\"\n",
	} {
		s, got := readAll(t, write(t, "x", content), ofDialogues)
		assert.Equal(t, want, got, name)
		assert.Equal(t, "2 dialogues (messages)", s.Layout.Describe(2))
	}
	s, got := readAll(t, write(t, "x.parquet", parquetOf(t, []chat{{nil}, {first}, {[]message{}}, {second}})), ofDialogues)
	assert.Equal(t, want, got)
	assert.Equal(t, 2, s.Skipped.Count, "empty lists")
}

// Records that cannot be read are counted, and the first are named with their reasons; the others are read.
func TestBadRecords(t *testing.T) {
	for _, tt := range []struct {
		name, content string
		c             Config
		good          int
		want          []string // reasons, with the lines
	}{
		{"x.jsonl", `{"text": "a"}` + "\n" + `{"text": "b"}` + "\n" + `{"text": "c}` + "\n" + `{"txt": "d"}` + "\n[1]\n" + `{"text": "e"}`, ofTexts, 3,
			[]string{"3: unexpected end of JSON input", "4: there is no text", "5: not a JSON object"}},
		{"x.jsonl", `{"text": "a"}` + "\n" + `{"text": null}` + "\n" + `{"text": " "}` + "\n" + `{"text": ["a"]}` + "\n", ofTexts, 1,
			[]string{"2: there is no text", "3: text is empty", "4: text: a list, not text"}},
		{"x.jsonl", `{"text": "a"}` + "\n{\"text\": \"\xff\"}\n" + `{"text": "` + strings.Repeat("x", maxRecord) + `"}` + "\n" + `{"text": "b"}`, ofTexts, 2,
			[]string{"2: column 11: byte 0xff is not valid UTF-8", "3: the line is longer than 16 MB"}},
		{"x.json", `[{"text": "a"}, 7, {"text": "", "b": 1}, {"text": {}}, {"text": "b"}]`, ofTexts, 2,
			[]string{"2: not a JSON object", "3: text is empty", "4: text: an object, not text"}},
		{"x.csv", "source,target\na,b\nc\n\"d\"e,f\n,g\nh,\ni,j\n", ofPairs, 3,
			[]string{"3: 1 fields where 2 are expected", "4: byte 3 of line 4: extraneous or missing \" in quoted-field", "6: target is empty"}},
		{"x.jsonl", `{"messages": [{"role": "user", "content": "a"}]}` + "\n" + `{"messages": []}` + "\n" + `{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": null}]}` +
			"\n" + `{"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}`, ofDialogues, 1,
			[]string{"2: the dialogue has no messages", "3: message 2 (assistant) has no text", `4: message 1: its content has a part of type "image_url", which is not text`}},
		{"x.jsonl", `{"messages": [{"role": "user", "content": "a"}]}` + "\n" + `{"messages": "a"}` + "\n" + `{"messages": [{"content": "a"}]}` + "\n" + `{"messages": [7]}`, ofDialogues, 1,
			[]string{"2: messages is not a list of messages", `3: message 1 has "" for the name of a speaker`, "4: messages is not a list of messages"}},
	} {
		path := write(t, tt.name, tt.content)
		s, got := readAll(t, path, tt.c)
		assert.Len(t, got, tt.good)
		assert.Equal(t, len(tt.want), s.Skipped.Count)
		require.Len(t, s.Skipped.First, len(tt.want), s.Skipped.First)
		for i, reason := range tt.want {
			assert.True(t, strings.HasPrefix(s.Skipped.First[i], path+":"+reason), "%s\n%s", reason, s.Skipped.First[i])
		}
		assert.Contains(t, s.Skipped.Note(), "records cannot be read and were skipped: "+path+":")
		tt.c.Ragged = "refuse"
		s, err := Open(path, tt.c, parts)
		require.NoError(t, err)
		err = s.Each(func(int, Record) error { return nil })
		assert.ErrorContains(t, err, path+":"+tt.want[0])
		assert.ErrorContains(t, err, `skip such records with data.ragged = "skip"`)
	}
}

// Errors that end the reading name the file, and the line or the row.
func TestBrokenFiles(t *testing.T) {
	type text struct {
		Text string `parquet:"text,plain"`
	}
	long := parquetOf(t, []text{{strings.Repeat("春眠不觉晓 ", 900)}, {"b"}, {"c"}})
	for _, tt := range []struct{ name, content, want string }{
		{"x.jsonl", "a\nb\n", "is not JSON Lines, though it is named or set so: line 1: not a JSON object"},
		{"x.jsonl", `{"text": ""}`, "has no records of texts (text): "},
		{"x.csv", "text,b\n\"a\n" + strings.Repeat("xxxxxxx\n", maxRecord/7), "after line 1: a record is longer than 16 MB (is a quote not closed?)"},
		{"x.csv", "text,text\na,b\n", `line 1 has the name "text" twice`},
		{"x.json", `[{"text": "a"}, {"text": "b`, "object 2: unexpected EOF"},
		{"x.json", `[{"text": "a"}`, "object 1: the array has no end"},
		{"x.json", `[{"text": "a"}, {"text": "` + strings.Repeat("x", maxRecord+maxRecord/8), "a record is longer than 16 MB"},
		{"x.parquet", long[:len(long)-9], "not a whole Parquet file"},
		{"x.parquet", long[:4] + strings.Repeat("\xff", 60) + long[64:], "row group 1, column 1, page 1: its metadata have a value of the unknown type 15"},
		{"x.jsonl.gz", gzipped(t, strings.Repeat("{\"text\": \"春眠不觉晓\"}\n", 9000))[:150], "corrupt gzip file"},
		{"x.jsonl.zst", zstandard(t, strings.Repeat("{\"text\": \"春眠不觉晓\"}\n", 9000))[:40], "corrupt zstd file"},
	} {
		path := write(t, tt.name, tt.content)
		c := ofTexts
		c.Text = "text"
		s, err := Open(path, c, parts)
		if err == nil {
			require.NotNil(t, s)
			err = s.Each(func(int, Record) error { return nil })
		}
		require.Error(t, err, tt.want)
		assert.Contains(t, err.Error(), tt.want)
		assert.Contains(t, err.Error(), path)
		assert.NotContains(t, err.Error(), "\n")
	}
}
