package house

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/models"
)

// outline is what a page and its translation have in common: the levels of headings, code
// blocks as they are, the rows and columns of tables, and where links lead.
type outline struct {
	headings []int
	code     []string
	tables   []int // columns of each row
	links    []string
}

var link = regexp.MustCompile(`\]\(([^)#]+)\)`)

func outlineOf(text string) (o outline) {
	block := ""
	inside := false
	for line := range strings.SplitSeq(text, "\n") {
		switch {
		case strings.HasPrefix(line, "```"):
			if inside {
				o.code = append(o.code, block)
			}
			inside, block = !inside, line+"\n"
		case inside:
			block += line + "\n"
		case strings.HasPrefix(line, "#"):
			o.headings = append(o.headings, len(line)-len(strings.TrimLeft(line, "#")))
		case strings.HasPrefix(line, "|"):
			o.tables = append(o.tables, strings.Count(strings.ReplaceAll(line, `\|`, ""), "|")-1)
		}
		if !inside {
			for _, m := range link.FindAllStringSubmatch(line, -1) {
				o.links = append(o.links, strings.Replace(m[1], ".zh-CN.", ".", 1))
			}
		}
	}
	return o
}

// pages are the English pages that have a Chinese mirror.
func pages(t *testing.T) []string {
	docs, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	require.NoError(t, err)
	all := []string{filepath.Join(root, "README.md")}
	for _, p := range docs {
		if !strings.HasSuffix(p, ".zh-CN.md") {
			all = append(all, p)
		}
	}
	require.GreaterOrEqual(t, len(all), 7)
	return all
}

func readPage(t *testing.T, path string) string {
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(raw)
}

// Both languages have the same headings, commands, code and tables.
func TestPagesAndTheirMirrors(t *testing.T) {
	for _, en := range pages(t) {
		zh := strings.TrimSuffix(en, ".md") + ".zh-CN.md"
		a, b := outlineOf(readPage(t, en)), outlineOf(readPage(t, zh))
		assert.Equal(t, a.headings, b.headings, "%s: levels of headings", zh)
		assert.Equal(t, a.code, b.code, "%s: blocks of code", zh)
		assert.Equal(t, a.tables, b.tables, "%s: rows of tables", zh)
		assert.ElementsMatch(t, others(a.links), others(b.links), "%s: links", zh)
	}
}

// others are the links that are not the one from a page to its mirror.
func others(links []string) (o []string) {
	for _, l := range links {
		if strings.Contains(l, "/") || !strings.HasSuffix(l, ".md") {
			o = append(o, l)
		}
	}
	return o
}

// Every file that a page links to is there.
func TestLinksLeadSomewhere(t *testing.T) {
	for _, en := range pages(t) {
		for _, page := range []string{en, strings.TrimSuffix(en, ".md") + ".zh-CN.md"} {
			for _, m := range link.FindAllStringSubmatch(readPage(t, page), -1) {
				if strings.Contains(m[1], "://") {
					continue
				}
				_, err := os.Stat(filepath.Join(filepath.Dir(page), m[1]))
				assert.NoError(t, err, "%s links to %s", page, m[1])
			}
		}
	}
}

// The code of the GPT that pages show is the file's, to the letter.
func TestPagesShowTheGPTAsItIs(t *testing.T) {
	source := readPage(t, filepath.Join(root, "models", "gpt.go"))
	shown := 0
	for _, page := range pages(t) { // TestPagesAndTheirMirrors compares the others
		for _, code := range outlineOf(readPage(t, page)).code {
			if body, ok := strings.CutPrefix(code, "```go\n"); ok && strings.Contains(body, "(c *GPT)") {
				assert.Contains(t, source, body, "%s shows code that models/gpt.go does not have", page)
				shown++
			}
		}
	}
	assert.GreaterOrEqual(t, shown, 2)
}

// The table of models has a row for every model.
func TestEveryModelIsOnItsPage(t *testing.T) {
	page := readPage(t, filepath.Join(root, "docs", "models.md"))
	for _, e := range models.Entries() {
		assert.Contains(t, page, "\n| `"+e.Name+"` |")
	}
}

var (
	testCell     = regexp.MustCompile(`\[(Test\w+)\]\(\.\./([^)]+)\)`)
	notebookCell = regexp.MustCompile(`\(\.\./notebooks/([\w-]+?)(\.zh-CN)?\.ipynb\): ([^|]+) \|`)
)

// The tests that the tutorial's page names are in the files it names, and the headings in
// the notebooks.
func TestTutorialPointsAtWhatIsThere(t *testing.T) {
	for _, name := range []string{"tutorial.md", "tutorial.zh-CN.md"} {
		page := readPage(t, filepath.Join(root, "docs", name))
		tests, notebooks := testCell.FindAllStringSubmatch(page, -1), notebookCell.FindAllStringSubmatch(page, -1)
		require.Greater(t, len(tests), 20)
		require.Greater(t, len(notebooks), 15)
		for _, m := range tests {
			assert.Contains(t, readPage(t, filepath.Join(root, m[2])), "func "+m[1]+"(", "%s: %s", name, m[2])
		}
		for _, m := range notebooks {
			assert.Contains(t, readPage(t, filepath.Join(root, "notebooks", m[1]+".md")), "\n## "+m[3]+"\n", "%s: notebook %s", name, m[1])
		}
	}
}
