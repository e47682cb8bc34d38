package interchange

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// unsupported is what a format has and this project lacks, or the other way round. It is an error
// once something is in it.
type unsupported []string

func (u *unsupported) add(format string, args ...any) {
	*u = append(*u, fmt.Sprintf(format, args...))
}

// err returns an error that names everything, in one line; what recurs in several blocks is named
// once.
func (u unsupported) err() error {
	if len(u) == 0 {
		return nil
	}
	return errors.New(joinByBlock(u))
}

// blockName is the number of a block in the name of a tensor.
var blockName = regexp.MustCompile(`\b(h|layers)\.\d+\.`)

// joinByBlock joins messages. Those that differ in the number of a block alone become one.
func joinByBlock(messages []string) string {
	var order []string
	alike := map[string][]string{}
	for _, m := range messages {
		key := blockName.ReplaceAllString(m, "$1.*.")
		if alike[key] == nil {
			order = append(order, key)
		}
		alike[key] = append(alike[key], m)
	}
	for i, key := range order {
		if same := alike[key]; len(same) == 1 {
			order[i] = same[0]
		} else {
			order[i] = fmt.Sprintf("%s (in %d blocks)", key, len(same))
		}
	}
	return strings.Join(order, "; ")
}
