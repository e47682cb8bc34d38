package interchange

import (
	"fmt"
	"regexp"
	"strings"
)

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
