// Package book gives tests a real text: the beginning of Newton's Opticks, which every Go
// installation carries among its test data.
package book

import (
	"go/build"
	"os"
	"path/filepath"
	"testing"
)

// Excerpt is a file, gone when the test ends, with the first n bytes of the book. Where
// the Go installation comes without its test data the test is skipped.
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
