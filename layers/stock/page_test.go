package stock

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rows are those of the page's table: functions that share verdict, reason and helper
// share one.
func rows() (rows [][]string) {
	for _, v := range []Verdict{Refuse, Limited, Slow, Right} {
		var ops []Op
		names := map[Op]string{}
		for _, o := range Table {
			if o.Verdict != v {
				continue
			}
			name := "`" + o.Name + "`"
			o.Name = ""
			if names[o] == "" {
				ops = append(ops, o)
				names[o] = name
			} else {
				names[o] += ", " + name
			}
		}
		for _, o := range ops {
			helpers := o.Instead
			if helpers != "" {
				helpers = "`" + strings.ReplaceAll(helpers, ", ", "`, `") + "`"
			}
			rows = append(rows, []string{names[o], string(v), o.Why, helpers, o.Unseen})
		}
	}
	return rows
}

// tableOf is the table of a page whose first cell is as the title says.
func tableOf(t *testing.T, path, title string) (rows [][]string) {
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	_, text, found := strings.Cut(string(raw), "| "+title+" |")
	require.True(t, found, "%s has no table of %q", path, title)
	for _, line := range strings.Split(text, "\n")[2:] {
		if !strings.HasPrefix(line, "|") {
			break
		}
		var cells []string
		for _, c := range strings.Split(strings.Trim(line, "|"), "|") {
			cells = append(cells, strings.TrimSpace(c))
		}
		rows = append(rows, cells)
	}
	return rows
}

// The page's table is that of Table; its translation has the same functions, verdicts and
// helpers.
func TestPages(t *testing.T) {
	want := rows()
	var text strings.Builder
	for _, r := range want {
		fmt.Fprintf(&text, "| %s |\n", strings.Join(r, " | "))
	}
	assert.Equal(t, want, tableOf(t, "../../docs/gorgonia.md", "function"), "the table of docs/gorgonia.md should be\n%s", text.String())

	verdicts := map[string]string{"refused": "拒绝", "limited": "有条件", "slow": "慢", "right": "正确"}
	mirror := tableOf(t, "../../docs/gorgonia.zh-CN.md", "函数")
	require.Len(t, mirror, len(want))
	for i, r := range want {
		m := mirror[i]
		require.Len(t, m, len(r), r[0])
		assert.Equal(t, []string{r[0], verdicts[r[1]], r[3]}, []string{m[0], m[1], m[3]})
		assert.Equal(t, []bool{r[2] == "", r[4] == ""}, []bool{m[2] == "", m[4] == ""}, "%s: a cell is empty in one language only", r[0])
	}
}

// Helpers are named in full, so that an error can be followed.
func TestHelpersAreNamedInFull(t *testing.T) {
	name := regexp.MustCompile(`^(layers|training)\.[A-Z]\w+$`)
	for _, o := range Table {
		if o.Instead == "" {
			continue
		}
		assert.False(t, slices.ContainsFunc(strings.Split(o.Instead, ", "), func(h string) bool { return !name.MatchString(h) }), "%s: %q", o.Name, o.Instead)
	}
}
