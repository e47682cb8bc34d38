package runfile

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/font/liberation"
	"gonum.org/v1/plot/text"
)

// textStyle is the font a text is drawn in.
type textStyle struct {
	font    font.Font // of no size
	handler text.Handler
}

// styleFor finds a font that has the characters of a title: the plot's own, Liberation,
// which has no Chinese, or else one of the fonts below dirs. If none has all, it is the
// one that lacks the fewest, and missing is those.
func styleFor(title string, dirs []string) (style textStyle, missing string) {
	collection := liberation.Collection()
	cache := font.NewCache(collection)
	style.font = font.Font{Typeface: collection[0].Font.Typeface, Variant: "Sans"}
	missing = lacking(cache.Lookup(style.font, 1).Face, title)
	for _, path := range fontFiles(dirs) {
		if missing == "" {
			break
		}
		for i, f := range parseFonts(path) {
			if l := lacking(f, title); len(l) < len(missing) {
				missing = l
				style.font = font.Font{Typeface: font.Typeface(fmt.Sprintf("%s#%d", path, i))}
				cache.Add(font.Collection{{Font: style.font, Face: f}})
			}
		}
	}
	style.handler = text.Plain{Fonts: cache}
	return style, missing
}

// lacking returns the characters of s that f has no glyph for, each once.
func lacking(f *opentype.Font, s string) string {
	var buf sfnt.Buffer
	var out strings.Builder
	for _, r := range s {
		if g, err := f.GlyphIndex(&buf, r); (err != nil || g == 0) && !strings.ContainsRune(out.String(), r) {
			out.WriteRune(r)
		}
	}
	return out.String()
}

// systemFontDirs are the places where Linux, macOS and Windows keep fonts.
func systemFontDirs() []string {
	dirs := []string{
		"/usr/share/fonts", "/usr/local/share/fonts",
		"/System/Library/Fonts", "/Library/Fonts",
		filepath.Join(os.Getenv("WINDIR"), "Fonts"),
	}
	if home, err := os.UserHomeDir(); err == nil {
		dirs = append(dirs, filepath.Join(home, ".local/share/fonts"), filepath.Join(home, ".fonts"),
			filepath.Join(home, "Library/Fonts"))
	}
	return dirs
}

// chineseFont matches the files of the usual fonts with Chinese, which are looked at first.
var chineseFont = regexp.MustCompile(`(?i)cjk|noto.*sc|sourcehan|wqy|droid.*fallback|pingfang|hiragino|heiti|songti|msyh|simhei|simsun|uming|ukai`)

// fontFiles lists the font files below dirs. A directory that is missing or closed has none.
func fontFiles(dirs []string) []string {
	var chinese, others []string
	for _, dir := range dirs {
		filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return nil
			}
			switch strings.ToLower(filepath.Ext(path)) {
			case ".ttf", ".otf", ".ttc", ".otc":
				if chineseFont.MatchString(d.Name()) {
					chinese = append(chinese, path)
				} else {
					others = append(others, path)
				}
			}
			return nil
		})
	}
	return append(chinese, others...)
}

// parseFonts reads the fonts in a file; one that is unreadable or in a format of its own
// has none.
func parseFonts(path string) (fonts []*opentype.Font) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	c, err := sfnt.ParseCollection(raw)
	if err != nil {
		return nil
	}
	for i := range c.NumFonts() {
		if f, err := c.Font(i); err == nil {
			fonts = append(fonts, f)
		}
	}
	return fonts
}
