package textfile

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

func FuzzFirstInvalid(f *testing.F) {
	f.Add("good 春")
	f.Add("\xed\xa0\x80")
	f.Add("a\x00b\xff")
	f.Fuzz(func(t *testing.T, text string) {
		i, err := FirstInvalid(text)
		good := utf8.ValidString(text) && !strings.Contains(text, "\x00")
		assert.Equal(t, good, i < 0)
		assert.Equal(t, good, err == nil)
		if i >= 0 {
			assert.True(t, utf8.ValidString(text[:i]))
		}
	})
}
