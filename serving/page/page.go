// Package page has the page on which a model is tried: the one that the server shows, and a copy of it in a
// directory of its own, in which the model runs in the visitor's browser.
package page

import (
	"embed"
	"io/fs"
)

//go:embed files
var embedded embed.FS

// Files returns the files of the server's page. It is index.html, and names the others relative to itself.
// Backend.js is http.js there, and local.js in an exported page.
func Files() fs.FS {
	files, err := fs.Sub(embedded, "files")
	if err != nil {
		panic(err) // the name is embedded
	}
	return files
}

// Pages of both kinds have these files; backend is the name under which they import theirs.
var shared = []string{"index.html", "page.css", "page.js", "pane.js", "alternatives.js", "words.js"}

const backend = "backend.js"
