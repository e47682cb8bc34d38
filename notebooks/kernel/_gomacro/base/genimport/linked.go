package genimport

import (
	"fmt"
	"sort"
	"strings"
)

// NotLinked ends the error of an import of packages that are not linked into the program.
var NotLinked string

// notLinked returns an error that names the packages.
func notLinked(packages map[string]PackageName) error {
	var paths []string
	for path := range packages {
		paths = append(paths, fmt.Sprintf("%q", path))
	}
	sort.Strings(paths)
	return fmt.Errorf("import of %s: %s", strings.Join(paths, ", "), NotLinked)
}
