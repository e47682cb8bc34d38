package house

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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

// place is a directory like a checkout, with all commands built, where a run has been
// made and a chapter of a book lies. What is shared beside the checkout is beside it too.
func place(t *testing.T) (dir string) {
	above := t.TempDir()
	dir = filepath.Join(above, "checkout")
	require.NoError(t, os.Mkdir(dir, 0o777))
	here, err := filepath.Abs(root)
	require.NoError(t, err)
	for _, name := range []string{"configs", "interchange"} {
		require.NoError(t, os.Symlink(filepath.Join(here, name), filepath.Join(dir, name)))
	}
	require.NoError(t, os.Symlink(filepath.Join(here, "..", "shared"), filepath.Join(above, "shared")))
	for _, name := range []string{"train", "generate", "evaluate", "explain"} {
		build := exec.Command("go", "build", "-o", filepath.Join(dir, name), "./cmd/"+name)
		build.Dir = here
		out, err := build.CombinedOutput()
		require.NoError(t, err, string(out))
	}
	require.NoError(t, os.Rename(book.Excerpt(t, 2000), filepath.Join(dir, "chapter.txt")))
	execute(t, dir, "go run ./cmd/train")
	return dir
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

// sharedOnly are commands on models that lie beside the checkout, and on runs made of them.
var sharedOnly = regexp.MustCompile(`\.\./shared/|runs/stories260K`)

// Every command that the pages show is executed: those of the project here, with few
// steps where they train; the others by CI.
func TestCommandsOfThePages(t *testing.T) {
	if testing.Short() {
		t.Skip("it trains a dozen models for a moment each")
	}
	dir, ci, done := place(t), readPage(t, filepath.Join(root, ".ci", "run")), map[string]bool{}
	for _, page := range pages(t) {
		for _, line := range commandsOf(readPage(t, page)) {
			if done[line] {
				continue
			}
			done[line] = true
			if _, err := os.Stat(filepath.Join(root, "..", "shared")); err != nil && sharedOnly.MatchString(line) {
				continue
			}
			if strings.HasPrefix(line, "go run ./cmd/") {
				execute(t, dir, line)
				continue
			}
			assert.Contains(t, ci, "\n"+line, "%s shows a command that neither this test nor CI executes", page)
		}
	}
	assert.Greater(t, len(done), 10)
}
