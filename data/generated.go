package data

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// talesTeller answers questions in the dialogues about tales.
const talesTeller = "teller"

// generators make the tables of the generated corpora.
var generators = map[string]func(Config) (*table, error){
	"tales":   talesTable,
	"copy":    func(c Config) (*table, error) { return stringsTable(c, func([]byte) {}) },
	"reverse": func(c Config) (*table, error) { return stringsTable(c, slices.Reverse[[]byte]) },
}

// stringsTable is data.size different random strings of up to 8, 16 or 32 letters and what change
// makes of each: the field's first tests of a model that reads a source.
func stringsTable(c Config, change func([]byte)) (*table, error) {
	if c.Task != "pairs" {
		return nil, fmt.Errorf("data.task is %q: %s is made of pairs, set data.task = \"pairs\"", c.Task, c.Name)
	}
	const letters = "abcdefghij"
	rng := rand.New(rand.NewPCG(c.Seed, 0))
	t := &table{from: c.Name, header: []string{"source", "target"}}
	seen := map[string]bool{}
	for len(t.rows) < c.Size {
		text := make([]byte, 1+rng.IntN(4<<c.Level))
		for i := range text {
			text[i] = letters[rng.IntN(len(letters))]
		}
		source := string(text)
		if change(text); !seen[source] {
			seen[source] = true
			t.add(source, string(text))
		}
	}
	return t, nil
}

// add appends a generated row.
func (t *table) add(cells ...string) {
	t.rows = append(t.rows, row{len(t.rows) + 1, cells})
	for _, cell := range cells {
		t.bytes += int64(len(cell)) + 1
	}
}

// maxSize is how many examples a generated corpus can have: even at level 1 there are some times as
// many different tales and strings.
const maxSize = 50_000

// tales returns data.size different tales.
func tales(c Config) []*Tale {
	var all []*Tale
	seen := map[string]bool{}
	for n := 0; len(all) < c.Size; n++ {
		t := NewTale(c.Seed, n, c.Level)
		if text := t.Text("en"); !seen[text] {
			seen[text] = true
			all = append(all, t)
		}
	}
	return all
}

// languages are those asked for.
func (c Config) languages() []string {
	if c.Language == "both" {
		return []string{"en", "zh"}
	}
	return []string{c.Language}
}

// talesText is the tales one after another, a blank line between them; in both languages, the
// Chinese of each follows its English.
func talesText(c Config) string {
	var b strings.Builder
	for _, t := range tales(c) {
		for _, language := range c.languages() {
			b.WriteString(t.Text(language))
			b.WriteString("\n\n")
		}
	}
	return b.String()
}

// talesTable is the rows of the task: sentences with their translations, questions and answers
// about a tale, or tales with their headlines.
func talesTable(c Config) (*table, error) {
	all := tales(c)
	t := &table{from: c.Name}
	switch c.Task {
	case "pairs":
		t.translations(all)
	case "dialogue":
		t.conversations(all, c.languages())
	case "summary":
		t.headlines(all, c.languages())
	default:
		return nil, fmt.Errorf("data.target is %q, but tales as running text have no columns: leave it empty", c.Target)
	}
	return t, nil
}

// translations is every different sentence once.
func (t *table) translations(all []*Tale) {
	t.header = []string{"en", "zh"}
	seen := map[string]bool{}
	for _, tale := range all {
		en, zh := tale.Sentences()
		for i := range en {
			if !seen[en[i]] {
				seen[en[i]] = true
				t.add(en[i], zh[i])
			}
		}
	}
}

// conversations begin with the tale; then a listener asks and the teller answers.
func (t *table) conversations(all []*Tale, languages []string) {
	t.header = []string{"id", "turn", "speaker", "text", "tale"}
	for n, tale := range all {
		for _, language := range languages {
			number := strconv.Itoa(n)
			id, turn := number+language, 0
			say := func(speaker, text string) {
				t.add(id, strconv.Itoa(turn), speaker, text, number)
				turn++
			}
			say(talesTeller, tale.Text(language))
			for _, q := range tale.Questions(language) {
				say("listener", q.Question)
				say(talesTeller, q.Answer)
			}
		}
	}
}

// headlines are the summaries.
func (t *table) headlines(all []*Tale, languages []string) {
	t.header = []string{"text", "headline", "tale"}
	for n, tale := range all {
		for _, language := range languages {
			t.add(tale.Text(language), tale.Headline(language), strconv.Itoa(n))
		}
	}
}

// generatedDefaults fills in what a generated corpus's tasks need: the two languages of a tale stay
// in one part, and the teller's turns are learned.
func (c Config) generatedDefaults() Config {
	if c.Name != "tales" {
		return c
	}
	if c.Task == "dialogue" {
		setDefault(&c.Reply, talesTeller)
	}
	if c.Task == "dialogue" || c.Task == "summary" {
		setDefault(&c.Key, "tale")
	}
	return c
}
