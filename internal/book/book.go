// Package book provides real text for tests: the beginning of Newton's Opticks, which is part
// of the test data of a Go installation.
package book

import (
	"go/build"
	"os"
	"path/filepath"
	"testing"
)

// Excerpt returns the path of a temporary file with the first n bytes of the book. It skips the
// test if the Go installation has no test data.
func Excerpt(t testing.TB, n int) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(build.Default.GOROOT, "src", "testdata", "Isaac.Newton-Opticks.txt"))
	if err != nil {
		t.Skip("this Go installation has no test data: ", err)
	}
	path := filepath.Join(t.TempDir(), "book.txt")
	if err := os.WriteFile(path, raw[:n], 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}
