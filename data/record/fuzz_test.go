package record

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fuzzConfigs are those of all tasks, with formats that are recognized and set.
var fuzzConfigs = []Config{
	ofTexts, ofPairs, ofDialogues,
	{Task: "lm", RunningText: true, Format: "jsonl", Text: "text,a.b"}, {Task: "pairs", Format: "csv", Source: "1", Target: "2"},
	{Task: "dialogue", Format: "parquet", Messages: "messages"}, {Task: "lm", RunningText: true, Invalid: "refuse", Ragged: "refuse"},
}

// Whatever a file has, its records are whole or an error names the file, and equal in every reading.
func FuzzRecords(f *testing.F) {
	f.Add([]byte("{\"text\": \"a\"}\n{\"text\": 1, \"a\": {\"b\": \"c\"}}\nx\n"), uint8(0))
	f.Add([]byte("[{\"text\": \"a\"},\n 7, {\"text\": 1}]"), uint8(0))
	f.Add([]byte("source,target\na,\"b\n\"\nc,d,e\n\"\"f\",g\n"), uint8(1))
	f.Add([]byte(`{"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}, {"role": "b", "content": "c"}]}`), uint8(2))
	f.Add([]byte("id,messages\n1,\"[{\"\"role\"\": \"\"a\"\", \"\"content\"\": \"\"b\"\"}]\""), uint8(2))
	f.Add([]byte("\xff\xfe{\x00\"\x00a\x00\"\x00:\x001\x00}\x00"), uint8(3))
	f.Add([]byte(gzipped(f, `{"text": "a"}`)), uint8(6))
	f.Add([]byte(zstandard(f, "text,b\nc,d\n")), uint8(0))
	f.Fuzz(func(t *testing.T, content []byte, kind uint8) {
		c := fuzzConfigs[int(kind)%len(fuzzConfigs)]
		path := write(t, []string{"x", "x.jsonl", "x.csv"}[int(kind)%3], string(content))
		readTwice(t, path, c)
	})
}

// readTwice reads a file twice and checks its records.
func readTwice(t *testing.T, path string, c Config) {
	t.Helper()
	s, err := Open(path, c, parts)
	if err != nil {
		require.Contains(t, err.Error(), path)
		return
	}
	if s == nil {
		return
	}
	read := func() (string, error) {
		var all strings.Builder
		line := 0
		err := s.Each(func(i int, r Record) error {
			require.Greater(t, r.Line, line)
			line = r.Line
			require.Len(t, r.Source, len(s.Layout.Source))
			require.Len(t, r.Target, len(s.Layout.Target))
			require.Equal(t, s.Layout.Kind == Dialogues, len(r.Turns) > 0)
			if c.Invalid == "refuse" {
				require.NoError(t, r.each(func(text string) error { assert.True(t, utf8.ValidString(text)); return nil }))
			}
			_, err := fmt.Fprintf(&all, "%+v\n", r)
			return err
		})
		return all.String(), err
	}
	first, err := read()
	if err != nil {
		require.Contains(t, err.Error(), path)
	}
	require.LessOrEqual(t, len(s.Skipped.First), mostShown)
	second, again := read()
	require.Equal(t, first, second)
	require.Equal(t, fmt.Sprint(err), fmt.Sprint(again))
}

// A Parquet file of which bytes were changed is read or refused, without a panic.
func FuzzParquet(f *testing.F) {
	type message struct {
		Role    string `parquet:"role,dict"`
		Content string `parquet:"content,delta"`
	}
	type chat struct {
		Messages []message `parquet:"messages,list"`
		Text     *string   `parquet:"text,snappy"`
		N        float64   `parquet:"n"`
	}
	text := "春眠不觉晓"
	whole := []byte(parquetOf(f, []chat{{[]message{{"user", "a"}, {"assistant", "b"}}, &text, 1}, {nil, nil, 2}, {[]message{{"user", text}}, &text, 3}}))
	f.Add(whole, 0, byte(0), uint8(0))
	f.Add(whole, 30, byte(7), uint8(1))
	f.Fuzz(func(t *testing.T, content []byte, at int, flip byte, kind uint8) {
		content = append([]byte(nil), content...)
		if len(content) > 0 && at >= 0 {
			content[at%len(content)] ^= flip
		}
		c := []Config{ofTexts, ofDialogues, {Task: "lm", RunningText: true, Text: "n,text", Format: "parquet"}}[kind%3]
		readTwice(t, write(t, "x.parquet", string(content)), c)
	})
}
