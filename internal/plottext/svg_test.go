package plottext

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// wellFormed requires well-formed XML and returns the text of its elements.
func wellFormed(t testing.TB, svg string) (text string) {
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		tok, err := d.Token()
		if err == io.EOF {
			return text
		}
		require.NoError(t, err, svg)
		if c, ok := tok.(xml.CharData); ok {
			text += string(c)
		}
	}
}

func TestLabelNeedsNoFontForChinese(t *testing.T) {
	l := Label{X: 10, Y: 20, Size: 12, Anchor: "middle"}
	svg := l.SVG("loss 损失")
	assert.Equal(t, "loss ", wellFormed(t, svg), "Chinese is a path, not text")
	assert.Contains(t, svg, `aria-label="损失"`)
	assert.Equal(t, 24.0, l.Width("损失"), "one em each")
	assert.Greater(t, strings.Count(svg, "z"), 20, "runs of pixels of two characters")

	svg = l.SVG("龘") // not in the bitmap font
	assert.Equal(t, "龘", wellFormed(t, svg), "left to the fonts of the viewer")
	assert.Contains(t, l.SVG("plain"), `text-anchor="middle"`)
}

func FuzzLabel(f *testing.F) {
	for _, s := range []string{"", "a<b>&\"c\"", "注意力 attention", "\x00\x1b\n\t", "\xff\xfe", "￾￿", "€😀龘"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		l := Label{Size: 12, Bold: true, Turn: -90}
		wellFormed(t, l.SVG(s))
		assert.GreaterOrEqual(t, l.Width(s), 0.0)
	})
}
