package textfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/wlynxg/chardet"
	"golang.org/x/text/encoding"
	utf16 "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

const byteOrderMark = "\ufeff"

// format is what the first bytes of a file say about it.
type format struct {
	name    string            // of the encoding, if it is not UTF-8
	convert encoding.Encoding // from UTF-16 or UTF-32; else nil
	mark    int               // bytes of the byte order mark
	keys    []string          // of the first object, if the lines are JSON objects
	columns int               // of each line, if all have as many tabs, and some; else 0
}

// wide are the encodings that are converted, with their byte order marks. UTF-32LE stands before
// UTF-16LE, because its mark begins with the other's.
var wide = []struct {
	name, mark string
	encoding   encoding.Encoding
	unit       int // bytes
	low        int // the byte of a unit that is not 0 for ASCII
}{
	{"UTF-32LE", "\xff\xfe\x00\x00", utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM), 4, 0},
	{"UTF-32BE", "\x00\x00\xfe\xff", utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM), 4, 3},
	{"UTF-16LE", "\xff\xfe", utf16.UTF16(utf16.LittleEndian, utf16.IgnoreBOM), 2, 0},
	{"UTF-16BE", "\xfe\xff", utf16.UTF16(utf16.BigEndian, utf16.IgnoreBOM), 2, 1},
}

// recognize returns the format of the file that begins with head: by a byte order mark, by the
// positions of NUL bytes, or by the statistics of bytes that are not UTF-8.
func recognize(head []byte) (f format, err error) {
	text := string(head)
	for _, w := range wide {
		if strings.HasPrefix(text, w.mark) {
			return format{name: w.name, convert: w.encoding, mark: len(w.mark)}, nil
		}
	}
	if strings.HasPrefix(text, byteOrderMark) {
		f.mark = len(byteOrderMark)
		text = text[f.mark:]
	}
	text = text[:wholeLength(text)]
	invalid := !utf8.ValidString(text)
	if invalid || strings.Contains(text, "\x00") {
		if err := binaryFormat(text); err != nil {
			return f, err
		}
		for _, w := range wide {
			if isWide(head, invalid, w.encoding, w.unit, w.low) {
				return format{name: w.name, convert: w.encoding}, nil
			}
		}
	}
	if invalid {
		f.name = narrowEncoding(head)
	}
	f.keys, f.columns = jsonKeys(text), columns(text)
	return f, nil
}

// wholeLength returns the length of text without a character at its end that may be incomplete.
func wholeLength(text string) int {
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		if end := text[len(text)-n:]; utf8.RuneStart(end[0]) {
			if !utf8.FullRuneInString(end) {
				return len(text) - n
			}
			break
		}
	}
	return len(text)
}

// isWide reports whether head, without a byte order mark, is text in an encoding of units of several
// bytes: all characters are printable, and some are ASCII, such as line breaks, whose other bytes are
// NUL. If head is valid UTF-8, most must be, because a text in UTF-8 may have NUL characters.
func isWide(head []byte, invalid bool, e encoding.Encoding, unit, low int) bool {
	const least = 16 // bytes; fewer say too little
	if len(head) < least || len(head)%unit != 0 {
		return false // headSize is a multiple of unit
	}
	ascii, units := 0, len(head)/unit
	for i := 0; i < len(head); i += unit {
		zeros := bytes.Count(head[i:i+unit], []byte{0})
		if zeros == unit-1 && head[i+low] != 0 {
			ascii++
		}
	}
	if ascii == 0 || !invalid && ascii*2 < units {
		return false
	}
	decoded, err := e.NewDecoder().Bytes(head)
	if err != nil {
		return false
	}
	for _, r := range strings.TrimSuffix(string(decoded), "\ufffd") { // half of a surrogate pair

		if r == utf8.RuneError || !unicode.IsPrint(r) && !unicode.IsSpace(r) && !unicode.In(r, unicode.Cf) {
			return false
		}
	}
	return true
}

// Parquet is the format of a NotTextError that package record reads.
const Parquet = "a Parquet table"

// NotTextError is the error of a file of a known format that is not text.
type NotTextError struct{ Format, Remedy string }

func (e *NotTextError) Error() string {
	return fmt.Sprintf("the file is %s, not text: %s", e.Format, e.Remedy)
}

// binaryFormat returns an error if text, which has NUL or invalid bytes, is a file that is not text.
func binaryFormat(text string) error {
	for _, known := range []struct{ magic, what, remedy string }{
		{"%PDF-", "a PDF document", "extract its text with pdftotext"},
		{"PK\x03\x04", "a zip archive or an office document", "unpack it, or save it as plain text"},
		{"\xfd7zXZ\x00", "compressed by xz", "decompress it with xz -d"},
		{"BZh", "compressed by bzip2", "decompress it with bzip2 -d"},
		{"PAR1", Parquet, "write its text column to a text file"},
		{"\x89PNG", "a PNG image", "name a text file"},
		{"\xff\xd8\xff", "a JPEG image", "name a text file"},
		{"\x7fELF", "a program", "name a text file"},
	} {
		if strings.HasPrefix(text, known.magic) {
			return &NotTextError{known.what, known.remedy}
		}
	}
	return nil
}

// narrowEncoding names the encoding of head, which is not valid UTF-8, as iconv does; "" if it is UTF-8
// with a few wrong bytes, or unknown.
func narrowEncoding(head []byte) string {
	wrong, right := 0, 0
	for at := 0; at < len(head); {
		r, size := utf8.DecodeRune(head[at:])
		switch {
		case r == utf8.RuneError && size == 1:
			wrong++
		case size > 1:
			right++
		}
		at += size
	}
	const leastWrong, leastConfidence = 10, 0.5
	found := chardet.Detect(head)
	if wrong < leastWrong || right >= 4*wrong || found.Confidence < leastConfidence {
		return ""
	}
	name := strings.ToUpper(found.Encoding)
	if name == "GB2312" {
		name = "GB18030" // its superset
	}
	return name
}

// jsonKeys returns the sorted keys of the first line if the first lines of text are JSON objects.
func jsonKeys(text string) []string {
	lines := strings.Split(text, "\n")
	if len(lines) > 2 {
		lines = lines[:2] // complete ones
	}
	var first map[string]json.RawMessage
	for i, line := range lines {
		var object map[string]json.RawMessage
		if i > 0 && strings.TrimSpace(line) == "" {
			break
		}
		if json.Unmarshal([]byte(line), &object) != nil || len(object) == 0 {
			return nil
		}
		if i == 0 {
			first = object
		}
	}
	return slices.Sorted(maps.Keys(first))
}

// columns returns how many columns the lines of text have, separated by tabs; 0 if there are fewer than three
// lines, or not each has as many.
func columns(text string) int {
	const least = 3
	lines := strings.Split(text, "\n")
	lines = lines[:len(lines)-1] // complete ones
	if len(lines) < least {
		return 0
	}
	tabs := strings.Count(lines[0], "\t")
	for _, line := range lines {
		if tabs == 0 || strings.Count(line, "\t") != tabs {
			return 0
		}
	}
	return tabs + 1
}

// tableNote says that the file is probably a table, which is read as running text; "" if it is none.
func (f *File) tableNote() string {
	if f.format.columns == 0 {
		return ""
	}
	return fmt.Sprintf("%s has %d columns separated by tabs in each line, and is read as running text, tabs included: for its rows set data.task to pairs, summary or dialogue, and data.source and data.target to columns",
		f.path, f.format.columns)
}

// Note says what a user should know about the file: that it was converted, is in another encoding or is
// JSON Lines; "" if nothing.
func (f *File) Note() string {
	if note := f.EncodingNote(); note != "" || f.format.keys == nil {
		return note
	}
	return fmt.Sprintf("%s is JSON Lines (keys %s), read as raw text with its braces: to use the text alone, write it to a file, as with jq -r .%s %[1]s > text.txt",
		f.path, strings.Join(f.format.keys, ", "), textKey(f.format.keys))
}

// EncodingNote says that the file was converted or is in another encoding; "" if it is UTF-8.
func (f *File) EncodingNote() string {
	switch {
	case f.format.convert != nil:
		return fmt.Sprintf("%s is %s: converted to UTF-8", f.path, f.format.name)
	case f.format.name != "":
		return fmt.Sprintf("%s is not UTF-8 but probably %s, and its bytes are kept as they are: convert it with %s", f.path, f.format.name, f.iconv())
	}
	return ""
}

// textKey returns the key that probably has the text of a JSON object.
func textKey(keys []string) string {
	for _, key := range []string{"text", "content", "body", "story"} {
		if slices.Contains(keys, key) {
			return key
		}
	}
	return keys[0]
}

// iconv returns the command that converts the file to UTF-8.
func (f *File) iconv() string {
	base := filepath.Base(TrimCompression(f.path))
	return fmt.Sprintf("iconv -f %s -t UTF-8 %s > utf8-%s", f.format.name, f.path, base)
}

// Refuse returns an error if the file is in another encoding than UTF-8.
func (f *File) Refuse() error {
	if f.format.name == "" {
		return nil
	}
	probably := "probably "
	if f.format.convert != nil {
		probably = ""
	}
	return fmt.Errorf("%s is %s%s, not UTF-8: convert it with %s, or set data.invalid = \"keep\"", f.path, probably, f.format.name, f.iconv())
}
