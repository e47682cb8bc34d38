package textfile

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// write writes a file into a new directory and returns its path.
func write(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
	return path
}

// encodeUTF16 returns text in UTF-16.
func encodeUTF16(order binary.AppendByteOrder, text string) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, unit)
	}
	return string(b)
}

// encodeUTF32 returns text in UTF-32.
func encodeUTF32(order binary.AppendByteOrder, text string) string {
	var b []byte
	for _, r := range text {
		b = order.AppendUint32(b, uint32(r))
	}
	return string(b)
}

func zst(t testing.TB, text string) string {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	defer z.Close()
	return string(z.EncodeAll([]byte(text), nil))
}

func zip(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := io.WriteString(z, text)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return b.String()
}

// Text is read the same in every Unicode encoding, with a byte order mark and without, compressed and
// not.
func TestReadFileConverts(t *testing.T) {
	for name, text := range map[string]string{
		"English": strings.Repeat("The Rays of Light.\nIn the year 1704…\n", 20),
		"Chinese": strings.Repeat("春眠不觉晓，处处闻啼鸟。一夜风雨声\n", 20),
		"French":  strings.Repeat("À l'été, où çà ?\r\nLà‑bas 😀\r\n", 3000), // longer than the head, and not in whole units of it
	} {
		for encoding, file := range map[string]string{
			"":         text,
			"UTF-16LE": encodeUTF16(binary.LittleEndian, text),
			"UTF-16BE": encodeUTF16(binary.BigEndian, text),
			"UTF-32LE": encodeUTF32(binary.LittleEndian, text),
			"UTF-32BE": encodeUTF32(binary.BigEndian, text),
		} {
			mark := map[string]string{"": "\xef\xbb\xbf", "UTF-16LE": "\xff\xfe", "UTF-16BE": "\xfe\xff", "UTF-32LE": "\xff\xfe\x00\x00", "UTF-32BE": "\x00\x00\xfe\xff"}[encoding]
			for _, stored := range []string{file, mark + file, zip(t, file), zip(t, mark+file), zst(t, file), zst(t, mark+file)} {
				got, note, err := ReadFile(write(t, "x.txt", stored))
				require.NoError(t, err)
				require.Equal(t, text, got, "%s, %s", name, encoding)
				if encoding == "" {
					assert.Empty(t, note)
				} else {
					assert.Contains(t, note, "x.txt is "+encoding+": converted to UTF-8")
				}
			}
		}
	}
}

// Text in UTF-8 with NUL or wrong bytes is read as it is stored.
func TestReadFileKeepsBytes(t *testing.T) {
	for _, text := range []string{
		"", "a", "a\x00b", "a\x00\x00b\n", "\x00", "a\x00b\x00c d e f g", "\xff", "\xfe", "abc \xff def\n", "春\x00眠\n", "x\ufeffy", "{", "{}\n", "BZh is text\n",
		strings.Repeat("é", 40<<10), // the head ends within a character
	} {
		got, note, err := ReadFile(write(t, "x.txt", text))
		require.NoError(t, err)
		assert.Equal(t, text, got)
		assert.Empty(t, note, "%.20q", text)
	}
}

// Encodings that are not Unicode are named with the command that converts them.
func TestNoteNamesTheEncoding(t *testing.T) {
	for name, e := range map[string]struct {
		encoding.Encoding
		text string
	}{
		"WINDOWS-1252": {charmap.Windows1252, "Où est l’été ? Là-bas, près de la forêt, à côté du château. Ça dépend de l’élève, déjà fatigué.\n"},
		"GB18030":      {simplifiedchinese.GBK, "春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。这是一个用于训练的文本。\n"},
		"SHIFT_JIS":    {japanese.ShiftJIS, "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。\n"},
		"WINDOWS-1251": {charmap.Windows1251, "Все счастливые семьи похожи друг на друга, каждая несчастливая семья несчастлива по-своему.\n"},
	} {
		file, err := e.NewEncoder().String(strings.Repeat(e.text, 20))
		require.NoError(t, err)
		path := write(t, "x.txt", file)
		got, note, err := ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, file, got, "the bytes are kept")
		assert.Contains(t, note, "is not UTF-8 but probably "+name)
		_, err = Source{Files: []string{path}}.Notes(true)
		assert.ErrorContains(t, err, path+" is probably "+name+", not UTF-8: convert it with iconv -f "+name)
		assert.Contains(t, note, "iconv -f "+name+" -t UTF-8 "+path+" > utf8-x.txt")
	}
}

// A table that is read as running text is probably meant as rows.
func TestNoteOfATable(t *testing.T) {
	const rows = "# English\tChinese\nHi.\t你好。\nBye.\t再见。\n"
	for text, want := range map[string]string{
		rows:                      "x.txt has 2 columns separated by tabs in each line, and is read as running text, tabs included: for its rows set data.task to",
		rows + "one\n":            "", // a line without a tab: a text with tabs in it
		"a\tb\nc\td\n":            "", // two lines say too little
		"plain\ntext\nof lines\n": "",
		strings.Repeat("a long source\tand its answer\n", 20<<10): "x.txt has 2 columns", // the head ends within a line
	} {
		notes, err := Source{Files: []string{write(t, "x.txt", text)}}.Notes(false)
		require.NoError(t, err)
		if want == "" {
			assert.Empty(t, notes, "%.20q", text)
		} else if assert.Len(t, notes, 1) {
			assert.Contains(t, notes[0], want)
		}
	}
	_, note, err := ReadFile(write(t, "x.txt", rows)) // prompts, say, whose columns are read
	require.NoError(t, err)
	assert.Empty(t, note)
}

func TestOpenRefusesOtherFormats(t *testing.T) {
	for want, file := range map[string]string{
		"a PDF document, not text: extract its text with pdftotext": "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
		"a zip archive or an office document":                       "PK\x03\x04\x14\x00\x06\x00",
		"compressed by xz":                                          "\xfd7zXZ\x00\x00",
		"a Parquet table":                                           "PAR1\x15\x04\x15\x00",
	} {
		path := write(t, "x.txt", file)
		_, err := Open(path)
		require.Error(t, err)
		assert.Contains(t, err.Error(), path+": the file is "+want)
	}
	_, err := Open(write(t, "x.gz", "text"))
	assert.ErrorContains(t, err, "x.gz: not a gzip file: the first bytes are others")
	_, err = Open(write(t, "x.zst", ""))
	assert.ErrorContains(t, err, "x.zst: not a zstd file: it is empty")
	_, _, err = ReadFile(write(t, "x.zst", zst(t, strings.Repeat("春眠不觉晓", 9000))[:30]))
	assert.ErrorContains(t, err, "x.zst: corrupt zstd file: ")
}

func TestNoteNamesJSONLines(t *testing.T) {
	path := write(t, "x.jsonl", "{\"text\": \"a\", \"id\": 1}\n{\"text\": \"b\", \"id\": 2}\n")
	_, note, err := ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, path+" is JSON Lines (keys id, text), read as raw text with its braces: to use the text alone, write it to a file, as with jq -r .text "+path+" > text.txt", note)
	for _, text := range []string{"{\"a\": 1}\nand text\n", "[1]\n[2]\n", "{a}\n", "3\n4\n"} {
		_, note, err := ReadFile(write(t, "x.txt", text))
		require.NoError(t, err)
		assert.Empty(t, note)
	}
}

func TestDropMark(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "a": "a", "\ufeff": "", "\ufeffabc": "abc", "\xefx": "\xefx", "\xef\xbb": "\xef\xbb", "a\ufeff": "a\ufeff", "\ufeff\ufeff": "\ufeff",
	} {
		got, err := io.ReadAll(DropMark(strings.NewReader(text)))
		require.NoError(t, err)
		assert.Equal(t, want, string(got))
	}
	// A line is read before the next is written.
	r, w := io.Pipe()
	go io.WriteString(w, "hi\n")
	line := make([]byte, 8)
	n, err := DropMark(r).Read(line)
	require.NoError(t, err)
	assert.Equal(t, "hi\n", string(line[:n]))
}

// Offsets in errors are those of the bytes of the file.
func TestOffsetsCountTheMark(t *testing.T) {
	a, b := write(t, "a.txt", "\ufeffab\n"), write(t, "b.txt", "\ufeffcd\n")
	err := EachChunk(Source{Files: []string{a, b}}, func(chunk string, _ int64) error {
		require.Equal(t, "ab\ncd\n", chunk)
		return &OffsetError{4, os.ErrInvalid}
	})
	assert.EqualError(t, err, b+": byte offset 4: invalid argument")
}

func FuzzReadFile(f *testing.F) {
	f.Add("\xff\xfea\x00\n\x00")
	f.Add("\ufeff{\"a\": 1}\n{}")
	f.Add("a\x00b")
	f.Add(zst(f, "a"))
	f.Fuzz(func(t *testing.T, stored string) {
		text, note, err := ReadFile(write(t, "x.txt", stored))
		if err != nil {
			return
		}
		if !strings.Contains(note, "converted") && !strings.HasPrefix(stored, "\x1f\x8b") && !strings.HasPrefix(stored, "\x28\xb5\x2f\xfd") {
			assert.Equal(t, strings.TrimPrefix(stored, byteOrderMark), text)
		}
	})
}
