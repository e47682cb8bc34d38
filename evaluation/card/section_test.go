package card

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func example(name string) *Section {
	return &Section{
		Name: name, Title: Text{"Minimal pairs", "最小对立对"}, Summary: Text{"12 of 16 pairs are right.", "16 对中有 12 对正确。"},
		Columns:  []Text{{"phenomenon", "现象"}, {"right", "正确"}},
		Rows:     []Row{{Text{"agreement", "一致"}, []string{"75.0 %"}}},
		Pictures: []Picture{{`<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"></svg>`, Text{"Shares", "比例"}}},
		Command:  "evaluate -pairs pairs.jsonl", Values: map[string]float64{"accuracy": 0.75}, Model: "abc",
	}
}

// A section that was saved is read as it was, in the place of an earlier one.
func TestSections(t *testing.T) {
	run := t.TempDir()
	all, err := Load(run)
	require.NoError(t, err)
	assert.Empty(t, all)
	require.NoError(t, example("pairs").Save(run))
	require.NoError(t, example("copies").Save(run))
	again := example("pairs")
	again.Values["accuracy"] = 1
	require.NoError(t, again.Save(run))
	all, err = Load(run)
	require.NoError(t, err)
	assert.Equal(t, []Section{*example("copies"), *again}, all)
}

func TestSectionErrors(t *testing.T) {
	for want, change := range map[string]func(*Section){
		`section name "../x"`:                    func(s *Section) { s.Name = "../x" },
		"the title lacks a language":             func(s *Section) { s.Title.Zh = "" },
		"row 1: 0 cells, where the table has 2 ": func(s *Section) { s.Rows[0].Cells = nil },
		"picture 1: want an svg element":         func(s *Section) { s.Pictures[0].SVG = "<script>" },
	} {
		s := example("pairs")
		change(s)
		assert.ErrorContains(t, s.Save(t.TempDir()), want)
	}
	for want, text := range map[string]string{
		`it has the section "b"`:               `{"name": "b"}`,
		"rows is a JSON number, want a list":   `{"name": "a", "rows": 3}`,
		"a.json: unexpected end of JSON input": `{"name": "a"`,
	} {
		run := t.TempDir()
		require.NoError(t, os.Mkdir(filepath.Join(run, Dir), 0o777))
		require.NoError(t, os.WriteFile(filepath.Join(run, Dir, "a.json"), []byte(text), 0o666))
		_, err := Load(run)
		assert.ErrorContains(t, err, want)
		assert.ErrorContains(t, err, "delete the file, or measure again")
	}
}
