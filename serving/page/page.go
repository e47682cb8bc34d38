// Package page has the page on which a model is tried: the one that the server shows, and a copy of it in a
// directory of its own, in which the model runs in the visitor's browser.
package page

import (
	"embed"
	"io/fs"
	"net/http"
	"slices"
	"strings"
)

//go:embed files
var embedded embed.FS

// files returns the files of both pages. Index.html names the others relative to itself; what it imports as
// backend.js is http.js in the server's page, and local.js in an exported one.
func files() fs.FS {
	files, err := fs.Sub(embedded, "files")
	if err != nil {
		panic(err) // the name is embedded
	}
	return files
}

// Pages of both kinds have these files; backend is the name under which they import theirs.
var shared = []string{"index.html", "page.css", "page.js", "pane.js", "alternatives.js", "words.js"}

const backend = "backend.js"

// Handler serves the server's page.
func Handler() http.Handler {
	server := http.FileServerFS(files())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-cache")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "want GET", http.StatusMethodNotAllowed)
		case r.URL.Path == "/"+backend:
			http.ServeFileFS(w, r, files(), "http.js")
		case r.URL.Path == "/" || slices.Contains(shared, strings.TrimPrefix(r.URL.Path, "/")):
			server.ServeHTTP(w, r)
		default:
			http.NotFound(w, r)
		}
	})
}
