package constraint

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/tokenizer"
)

// madeUp is a table of rhymes for tests: 甲 to 子 are level, others oblique, and two are both.
const madeUp = "# tones\n平\t一\t春天山\r\n平\t二\t甲乙丙山\n\n平\t三\t丁\n仄\t四\t水火上下重\n去\t五\t木土石月日\n平\t一\t重\n"

func tableOf(t testing.TB, text string) *Rhymes {
	path := filepath.Join(t.TempDir(), "rhymes.tsv")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
	table, err := ReadRhymes(path)
	require.NoError(t, err)
	return table
}

var (
	level   = map[rune]string{'春': "一", '天': "一", '山': "一二", '甲': "二", '乙': "二", '丙': "二", '丁': "三", '重': "一"}
	oblique = "水火上下重木土石月日"
)

// wrong returns what is wrong with a verse, told without an automaton. With rhymes, the tones are those of
// the table that is made up.
func wrong(form, text string, rhymes bool) string {
	width := map[string]int{"五绝": 5, "七绝": 7}[form]
	line := fmt.Sprintf(`(\p{Han}{%d})`, width)
	parts := regexp.MustCompile(`^` + line + "[，？！]\n?" + line + "[。？！]\n?" + line + "[，？！]\n?" + line + "[。？！]$").FindStringSubmatch(text)
	if parts == nil {
		return "lines or punctuation"
	}
	var lines [][]rune
	for _, p := range parts[1:] {
		lines = append(lines, []rune(p))
	}
	last := width - 1
	a, b, d := lines[0][last], lines[1][last], lines[3][last]
	if a == b || a == d || b == d {
		return "a repeated rhyme"
	}
	if !rhymes {
		return ""
	}
	for _, pattern := range []string{
		"中仄仄平平 平平仄仄平 中平平仄仄 中仄仄平平", "中仄平平仄 平平仄仄平 中平平仄仄 中仄仄平平",
		"平平仄仄平 中仄仄平平 中仄平平仄 平平仄仄平", "中平平仄仄 中仄仄平平 中仄平平仄 平平仄仄平"} {
		good := true
		for i, tones := range strings.Fields(pattern) {
			if width == 7 {
				tones = map[string]string{"中仄平平仄": "中平中仄平平仄", "平平仄仄平": "中仄平平仄仄平", "中平平仄仄": "中仄中平平仄仄", "中仄仄平平": "中平中仄仄平平"}[tones]
			}
			for k, tone := range []rune(tones) {
				r := lines[i][k]
				good = good && (tone == '平' && level[r] != "" || tone == '仄' && strings.ContainsRune(oblique, r) ||
					tone == '中' && (level[r] != "" || strings.ContainsRune(oblique, r)))
			}
		}
		for _, class := range level[b] {
			shared := strings.ContainsRune(level[d], class) && (!strings.HasPrefix(pattern[12:], "平") || strings.ContainsRune(level[a], class))
			if good && shared {
				return ""
			}
		}
	}
	return "tones or rhymes"
}

// 500 verses of each form, with and without a table, are right, and so are those of tokens of one
// byte to two characters.
func TestVersesAreRight(t *testing.T) {
	chars := "春天山甲乙丙丁水火上下重木土石月日，。？！\n"
	var whole, mixed [][]byte
	for _, r := range chars + "AB人" {
		whole = append(whole, []byte(string(r)))
	}
	for b := range 256 {
		mixed = append(mixed, []byte{byte(b)})
	}
	for _, p := range []string{"春", "山，", "甲乙", "丙。水", "月日", "天。\n", "重\xe5"} {
		mixed = append(mixed, []byte(p))
	}
	rng := rand.New(rand.NewPCG(9, 10))
	table := tableOf(t, madeUp)
	for _, form := range Forms() {
		for _, rhymes := range []*Rhymes{nil, table} {
			for name, pieces := range map[string][][]byte{"characters": whole, "bytes": mixed} {
				a, err := Verse(form, rhymes)
				require.NoError(t, err)
				c := newConstraint(a, tokenizer.NewByte(), vocabularyOf(pieces))
				least, _ := c.Least()
				c.solver.hurry()
				n, different := 500, map[string]bool{}
				if name == "bytes" {
					n = 15
				}
				for range n {
					text, ends := generate(rng, c, least+rng.IntN(60))
					require.True(t, ends, "%s of %s: %q", form, name, text)
					require.Empty(t, wrong(form, text, rhymes != nil), "%s of %s: %q", form, name, text)
					different[text] = true
				}
				assert.Greater(t, len(different), n*9/10)
				t.Logf("%s of %s, rhymes %v: at least %d tokens, %d states", form, name, rhymes != nil, least, len(c.solver.nodes))
			}
		}
	}
}

// A model of verse knows thousands of characters, and nearly each of them can end a line.
func TestVersesOfThousandsOfCharacters(t *testing.T) {
	const chars = 3000
	rng := rand.New(rand.NewPCG(11, 12))
	var rows strings.Builder
	for r := rune(0x4e00); r < 0x4e00+chars; r++ {
		fmt.Fprintf(&rows, "%s\t%d\t%c\n", []string{"平", "仄"}[rng.IntN(2)], rng.IntN(30), r)
	}
	for _, form := range Forms() {
		for i, table := range []*Rhymes{nil, tableOf(t, rows.String())} {
			n := []int{20, 1}[i] // those of a table take seconds
			c := versesOf(t, form, table, chars)
			least, _ := c.Least()
			for range n {
				text, ends := generate(rng, c, least+rng.IntN(3))
				require.True(t, ends, text)
				require.Empty(t, wrong(form, text, false), text)
			}
		}
	}
}

// The allowed tokens of a verse are those from which brute force over the last characters finds an end.
func TestVerseExcludesRhymesThatRunOut(t *testing.T) {
	a, err := Verse("五绝", tableOf(t, madeUp))
	require.NoError(t, err)
	chars := "春天甲丁水火木，。"
	c := constraintOf(a, strings.Split(chars, "")...)
	m := c.Begin(nil)
	next := func() (s string) {
		for _, id := range slices.Sorted(slices.Values(m.Allowed(100))) {
			s += string([]rune(chars)[id])
		}
		return s
	}
	for _, r := range "水火春天水，春天水火" {
		require.Contains(t, next(), string(r))
		m.Accept(strings.Index(chars, string(r)) / 3)
	}
	assert.Equal(t, "春天", next(), "甲 and 丁 have no second character to rhyme with")
}

func TestVerseErrors(t *testing.T) {
	_, err := Verse("五律", nil)
	assert.ErrorContains(t, err, `there is no form of verse "五律": want 五绝 or 七绝`)
	dir := t.TempDir()
	for text, want := range map[string]string{
		"平 东 东同":           `line 1: "平 东 东同": want a tone`,
		"#\n上去\t东\t东":      `line 2: there is no tone "上去"`,
		"# nothing\n":      "the table has no characters",
		"平\t东\t\xff\xfe\t": "want a tone",
	} {
		path := filepath.Join(dir, "t.tsv")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
		_, err := ReadRhymes(path)
		assert.ErrorContains(t, err, want)
		assert.ErrorContains(t, err, path)
	}
}

// Real quatrains are accepted, all but the few with other punctuation or a repeated rhyme.
func TestQuatrainsOfTang(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "data", "tang_jueju.tsv"))
	if err != nil {
		t.Skip("the quatrains are not here")
	}
	forms := map[string]Automaton{}
	for _, form := range Forms() {
		forms[form], err = Verse(form, nil)
		require.NoError(t, err)
	}
	all, accepted := 0, 0
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n")[:2000] {
		f := strings.Split(line, "\t")
		all++
		if Matches(forms[f[0]], f[3]) {
			accepted++
			assert.Empty(t, wrong(f[0], f[3], false), f[3])
		} else {
			assert.NotEmpty(t, wrong(f[0], f[3], false), f[3])
		}
	}
	assert.Greater(t, accepted, all*98/100, "of %d", all)
}
