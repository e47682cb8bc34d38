package house

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/book"
)

// commandsOf are the lines of a page's shell blocks, without comments.
func commandsOf(page string) (all []string) {
	for _, code := range outlineOf(page).code {
		body, ok := strings.CutPrefix(code, "```sh\n")
		if !ok {
			continue
		}
		for line := range strings.SplitSeq(body, "\n") {
			line, _, _ = strings.Cut(line, "#")
			if line = strings.TrimSpace(line); line != "" {
				all = append(all, line)
			}
		}
	}
	return all
}

// words are those of a command line; quotes keep words together.
func words(line string) (ws []string) {
	for i, part := range strings.Split(line, `"`) {
		if i%2 == 1 {
			ws = append(ws, part)
			continue
		}
		ws = append(ws, strings.Fields(part)...)
	}
	return ws
}

// published are files that pages name in the current directory, as a reader has downloaded
// them, by where they lie in the folder of shared files beside the checkout.
var published = map[string]string{
	"stories260K.bin": "models/stories260K.bin",
	"tok512.bin":      "models/tok512.bin",
	"shakespeare":     "models/ml5_charrnn_shakespeare",
}

// place is a directory like a checkout, with all commands built, where a run has been
// made and a chapter of a book lies. It has links to the published files; they are missing
// only where there is no folder of shared files.
func place(t *testing.T) (dir string, missing map[string]bool) {
	dir, missing = t.TempDir(), map[string]bool{}
	here, err := filepath.Abs(root)
	require.NoError(t, err)
	link := func(from, name string) { require.NoError(t, os.Symlink(from, filepath.Join(dir, name))) }
	link(filepath.Join(here, "configs"), "configs")
	link(filepath.Join(here, "interchange"), "interchange")
	shared := filepath.Join(here, "..", "shared")
	_, err = os.Stat(shared)
	for name, from := range published {
		if err != nil {
			missing[name] = true
			continue
		}
		link(filepath.Join(shared, from), name)
	}
	for _, name := range []string{"train", "generate", "evaluate", "explain"} {
		build := exec.Command("go", "build", "-o", filepath.Join(dir, name), "./cmd/"+name)
		build.Dir = here
		out, err := build.CombinedOutput()
		require.NoError(t, err, string(out))
	}
	require.NoError(t, os.Rename(book.Excerpt(t, 2000), filepath.Join(dir, "chapter.txt")))
	execute(t, dir, "go run ./cmd/train")
	return dir, missing
}

// short ends training after a moment.
var short = []string{"-steps", "4", "-set", "training.eval_tokens=256", "-set", "training.sample=10"}

func execute(t *testing.T, dir, line string) {
	ws := words(line)
	c := exec.Command(filepath.Join(dir, filepath.Base(ws[2])), ws[3:]...)
	if filepath.Base(ws[2]) == "train" && !slices.Contains(ws, "-import") && !slices.Contains(ws, "-export") {
		c.Args = append(c.Args, short...)
	}
	c.Dir = dir
	out, err := c.CombinedOutput()
	assert.NoError(t, err, "%s\n%s", line, out)
}

// isMissing reports whether a command reads something that is missing. What it would have
// made is then missing too.
func isMissing(ws []string, missing map[string]bool) bool {
	if !slices.ContainsFunc(ws, func(w string) bool { return missing[w] }) {
		return false
	}
	if i := slices.Index(ws, "-out"); i >= 0 && i+1 < len(ws) {
		missing[ws[i+1]] = true
	}
	return true
}

// Every command that the pages show is executed: those of the project here, with few
// steps where they train; the others by CI. Commands on published files are skipped where
// those are missing, and so are commands on what they make.
func TestCommandsOfThePages(t *testing.T) {
	if testing.Short() {
		t.Skip("it trains a dozen models for a moment each")
	}
	ci, done, named := readPage(t, filepath.Join(root, ".ci", "run")), map[string]bool{}, map[string]bool{}
	dir, missing := place(t)
	for _, page := range pages(t) {
		for _, line := range commandsOf(readPage(t, page)) {
			if done[line] {
				continue
			}
			done[line] = true
			for _, w := range words(line) {
				named[w] = true
			}
			switch {
			case isMissing(words(line), missing):
			case strings.HasPrefix(line, "go run ./cmd/"):
				execute(t, dir, line)
			default:
				assert.Contains(t, ci, "\n"+line, "%s shows a command that neither this test nor CI executes", page)
			}
		}
	}
	assert.Greater(t, len(done), 10)
	for name := range published {
		assert.True(t, named[name], "no page has a command on %s", name)
	}
}

func TestIsMissing(t *testing.T) {
	missing := map[string]bool{"tok512.bin": true}
	assert.False(t, isMissing(words("go run ./cmd/generate -run runs/x"), missing))
	assert.True(t, isMissing(words("go run ./cmd/train -tokenizer tok512.bin -out runs/x"), missing))
	assert.True(t, isMissing(words("go run ./cmd/generate -run runs/x"), missing))
	assert.False(t, isMissing(words("go run ./cmd/generate -run runs/y"), missing))
}

// No page sends its reader to the folder beside the checkout: it is not published.
func TestPagesNameNoFolderBesideTheCheckout(t *testing.T) {
	for _, pattern := range []string{"*.md", "docs/*.md", "notebooks/*.md", "template/*.md"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		require.NotEmpty(t, files, pattern)
		for _, page := range files {
			assert.NotContains(t, readPage(t, page), "../shared", page)
		}
	}
}
