// Package docs has the doc comments that the notebook kernel shows.
package docs

// Text has the declaration and the doc comment of each exported name of the packages that
// notebooks can import, by the path of the package followed by ".Name", ".Type.Method" or
// nothing, for the package's own. It is filled by generated code (see genbind).
var Text = map[string]string{}
