package page

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hover is a script that a copy of the page runs: it moves a pointer over a token and over a head, and writes what
// is marked then.
const hover = `<script>
(function () {
	function over(e, type) { e.dispatchEvent(new MouseEvent(type, { bubbles: true, clientX: e.getBoundingClientRect().left + 3, clientY: e.getBoundingClientRect().top + 3 })); }
	function marked() {
		return document.querySelectorAll(".strip .t.on").length + " tokens, " + document.querySelectorAll(".grid.on").length + " grids, " +
			document.querySelectorAll(".pane .row, .pane .col").length + " outlines, status " + (document.querySelector(".now").textContent ? "shown" : "empty");
	}
	var said = [], token = document.querySelectorAll('.strip[data-side="token"] .t')[4];
	over(token, "mouseenter");
	said.push("token: " + marked());
	over(token, "mouseleave");
	said.push("left: " + marked());
	var head = document.querySelector('.grid[data-path="h1/att/head1"]');
	over(head.querySelector("canvas"), "mousemove");
	said.push("head: " + marked());
	over(head.querySelector("canvas"), "click");
	over(head.querySelector("canvas"), "mouseleave");
	said.push("held: " + marked());
	document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
	said.push("escape: " + marked());
	said.push(document.documentElement.lang, getComputedStyle(document.body).backgroundColor, document.documentElement.scrollWidth <= innerWidth ? "fits" : "too wide");
	var p = document.createElement("pre");
	p.id = "said";
	p.textContent = said.join("\n");
	document.body.appendChild(p);
}());
</script>`

// In Chromium, hovering over a token or a head marks it in every view, also in a narrow window, in the dark and in Chinese.
func TestHoveringInChromium(t *testing.T) {
	if os.Getenv("EURYALE_TEST_CHROMIUM") == "" {
		t.Skip("set EURYALE_TEST_CHROMIUM=1 to run Chromium")
	}
	chromium, err := exec.LookPath("chromium")
	require.NoError(t, err)
	x, o := inputs(t, kinds[0].model, "ab 春江花月夜</a>&abc", "ba 春江花月夜</a>&abc")
	p, err := Build(t.Context(), x, o)
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, p.WriteHTML(&b))
	file := filepath.Join(t.TempDir(), "page.html")
	require.NoError(t, os.WriteFile(file, append(b.Bytes(), hover...), 0o666))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for query, want := range map[string]string{"?lang=en&theme=light": "en\nrgb(255, 255, 255)\nfits", "?lang=zh&theme=dark": "zh-CN\nrgb(21, 23, 27)\nfits"} {
		out, err := exec.CommandContext(ctx, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir="+t.TempDir(), "--window-size=520,900", "--dump-dom", "file://"+file+query).Output()
		require.NoError(t, err)
		_, said, found := strings.Cut(string(out), `<pre id="said">`)
		require.True(t, found, "the script of the page failed")
		said, _, _ = strings.Cut(said, "</pre>")
		lines := strings.SplitN(said, "\n", 6)
		require.Len(t, lines, 6)
		assert.Regexp(t, `^token: 1 tokens, 0 grids, [1-9]\d+ outlines, status shown$`, lines[0])
		assert.Equal(t, "left: 0 tokens, 0 grids, 0 outlines, status empty", lines[1])
		assert.Regexp(t, `^head: [12] tokens, [1-9]\d* grids, [1-9]\d* outlines, status shown$`, lines[2])
		assert.Equal(t, strings.TrimPrefix(lines[2], "head"), strings.TrimPrefix(lines[3], "held"), "a click holds the marks")
		assert.Equal(t, "escape: 0 tokens, 0 grids, 0 outlines, status empty", lines[4])
		assert.Equal(t, want, lines[5])
	}
}
