package baseline

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/task"
	"euryale/evaluation/metrics"
)

// reference is what testdata/reference.py computed.
func reference(t *testing.T) (r struct {
	Known, Queries []string
	Nearest        [][]int
	Stories        []struct{ Source, Reference, Oracle string }
	Texts          []string
	SelfBLEU       []float64 `json:"self_bleu"`
	Distinct       float64   `json:"distinct_2"`
	Half           float64   `json:"distinct_2_half"`
}) {
	raw, err := os.ReadFile("testdata/reference.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &r))
	return r
}

// The index finds what a comparison of all vectors finds, and the oracle the same sentences.
func TestAgainstReference(t *testing.T) {
	r := reference(t)
	var known []task.Example
	for _, k := range r.Known {
		known = append(known, task.Example{Source: k, Reference: k})
	}
	x := newIndex("pairs", known)
	for i, q := range r.Queries {
		var best []string
		for _, k := range r.Nearest[i] {
			best = append(best, r.Known[k])
		}
		assert.Contains(t, best, x.answer(task.Example{Source: q}), q)
	}
	for _, s := range r.Stories {
		assert.Equal(t, s.Oracle, oracle(task.Example{Source: s.Source, Reference: s.Reference}))
	}
	selves, err := metrics.SelfBLEU(r.Texts, metrics.Tokenize13a)
	require.NoError(t, err)
	assert.InDeltaSlice(t, r.SelfBLEU, selves, 1e-9)
	value, of := metrics.DistinctInterval(r.Texts, 2)
	assert.InDelta(t, r.Distinct, value, 1e-12)
	assert.InDelta(t, r.Distinct-r.Half, of.Low, 1e-12)
	assert.InDelta(t, r.Distinct+r.Half, of.High, 1e-12)
}

// A reply follows the dialogue: the last turn counts most, and the turns before it decide between equal ones.
func TestNearestReply(t *testing.T) {
	known := []task.Example{
		{Source: "user: a latte please\nbot: is that right?\nuser: yes\nbot:", Reference: "Your latte is ready."},
		{Source: "user: a mocha please\nbot: is that right?\nuser: yes\nbot:", Reference: "Your mocha is ready."},
		{Source: "user: a mocha please\nbot:", Reference: "is that right?"},
	}
	of := map[string]*Baseline{}
	for _, b := range For("dialogue", known) {
		of[b.Key] = b
	}
	examples := []task.Example{{Source: "user: a mocha\nbot: is it right?\nuser: yes\nbot:"}, {Source: "user: may I have a mocha\nbot:"}}
	assert.Equal(t, []string{"Your mocha is ready.", "is that right?"}, of["nearest"].Answers(examples))
	assert.Equal(t, []string{"yes", "may I have a mocha"}, of["copy"].Answers(examples))
	assert.Equal(t, []string{"a", "b\nc"}, turnsOf("x: a\ny: b\n\tc\nx:"))
}

// N-grams with the source's words say what training answers say, about what the source names.
func TestGrams(t *testing.T) {
	var known []task.Example
	for _, name := range strings.Fields("git make tar sed ls cat cp mv rm ps vi ed bc dc du df su sh cc ld ar nm") {
		known = append(known, task.Example{Source: "The program " + name + " is nice.", Reference: "tool for " + name + " files"})
	}
	assert.Equal(t, "tool for awk files", newGrams(known).answer("awk"))
	assert.Equal(t, "tool for git files", newGrams(known).answer("git"))
	zh := newGrams([]task.Example{{Reference: "我喜欢茶。"}, {Reference: "我喜欢酒。"}})
	assert.Equal(t, "我喜欢茶。", zh.answer("茶"))
	assert.Equal(t, []string{"GPT-4", "很", "好", "，", "ok!"}, piecesOf("GPT-4很好， ok!"))
	assert.Equal(t, "GPT-4很好，ok! ok", joined([]string{"GPT-4", "很", "好", "，", "ok!", "ok"}))
	assert.NotPanics(t, func() { newGrams(nil).answer("") })
}

func TestBaselinesOfSummaries(t *testing.T) {
	known := []task.Example{{Source: "a b c d e", Reference: "a b"}, {Source: "x y z", Reference: "x y z w"}}
	var keys []string
	for _, b := range For("summary", known) {
		keys = append(keys, b.Key)
		assert.Equal(t, b.Key == "oracle", b.Oracle)
		if b.Key == "lead" {
			assert.Equal(t, "lead-3", b.En)
			assert.Equal(t, []string{"one two three"}, b.Answers([]task.Example{{Source: "One, two. Three four"}}))
		}
	}
	assert.Equal(t, []string{"lead", "nearest", "ngram", "oracle"}, keys)
	assert.Empty(t, For("pairs", []task.Example{{Reference: "a poem without a source"}}))
	assert.Equal(t, []string{"一。", "二！", "v1.2 ok.", "End"}, sentences("一。二！v1.2 ok. End"))
}

// Answers do not depend on the order of maps.
func TestAnswersAreRepeatable(t *testing.T) {
	r := reference(t)
	var known, asked []task.Example
	for _, k := range r.Known {
		known = append(known, task.Example{Source: k, Reference: strings.ToUpper(k)})
	}
	for _, q := range r.Queries {
		asked = append(asked, task.Example{Source: q})
	}
	for i, b := range For("pairs", known) {
		want := b.Answers(asked)
		for range 5 {
			assert.Equal(t, want, For("pairs", known)[i].Answers(asked), b.Key)
		}
	}
}
