package data

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"euryale/data/tales"
	"euryale/data/task"
)

// talesTeller is the speaker that tells the tale and answers the questions about it.
const talesTeller = "teller"

// generators make the tables of the generated corpora.
var generators = map[string]func(Config) (*task.Table, error){
	"tales":   talesTable,
	"copy":    func(c Config) (*task.Table, error) { return stringsTable(c, func([]byte) {}) },
	"reverse": func(c Config) (*task.Table, error) { return stringsTable(c, slices.Reverse[[]byte]) },
	"repeats": textOnly,
	"quotes":  textOnly,
}

// stringsTable returns data.size different random strings of up to 8, 16 or 32 letters (by level),
// each paired with what change makes of it: the standard first tests of a sequence-to-sequence model.
func stringsTable(c Config, change func([]byte)) (*task.Table, error) {
	if c.Task != "pairs" {
		return nil, fmt.Errorf("data.task is %q: corpus %s consists of pairs, set data.task = \"pairs\"", c.Task, c.Name)
	}
	const letters = "abcdefghij"
	rng := rand.New(rand.NewPCG(c.Seed, 0))
	t := task.NewTable(c.Name, "source", "target")
	seen := map[string]bool{}
	for t.Size() < c.Size {
		text := make([]byte, 1+rng.IntN(4<<c.Level))
		for i := range text {
			text[i] = letters[rng.IntN(len(letters))]
		}
		source := string(text)
		if change(text); !seen[source] {
			seen[source] = true
			t.Add(source, string(text))
		}
	}
	return t, nil
}

// differentTales returns data.size different tales.
func differentTales(c Config) []*tales.Tale {
	var all []*tales.Tale
	seen := map[string]bool{}
	for n := 0; len(all) < c.Size; n++ {
		t := tales.New(c.Seed, n, c.Level)
		if text := t.Text("en"); !seen[text] {
			seen[text] = true
			all = append(all, t)
		}
	}
	return all
}

// AlignedSentences returns the sentences of the pairs that c configures, of the corpus tales, with what is
// known of their alignment.
func AlignedSentences(c Config) ([]tales.Aligned, error) {
	c, err := c.resolve()
	if err != nil {
		return nil, err
	}
	if c.Name != "tales" || c.Task != "pairs" {
		return nil, fmt.Errorf("the alignment is known of data.name tales with data.task pairs, and these are %s and %s", c.Name, c.Task)
	}
	var all []tales.Aligned
	for _, t := range differentTales(c) {
		all = append(all, t.Aligned()...)
	}
	return all, nil
}

// languages returns the languages that data.language selects.
func (c Config) languages() []string {
	if c.Language == "both" {
		return []string{"en", "zh"}
	}
	return []string{c.Language}
}

// talesText returns the tales with a blank line after each. With both languages the Chinese of each
// tale follows its English.
func talesText(c Config) string {
	var b strings.Builder
	for _, t := range differentTales(c) {
		for _, language := range c.languages() {
			b.WriteString(t.Text(language))
			b.WriteString("\n\n")
		}
	}
	return b.String()
}

// talesTable returns the table of the task: sentences with their translations, dialogues of questions
// and answers about a tale, or tales with their headlines.
func talesTable(c Config) (*task.Table, error) {
	all := differentTales(c)
	switch c.Task {
	case "pairs":
		return translations(c, all), nil
	case "dialogue":
		return conversations(c, all), nil
	case "summary":
		return headlines(c, all), nil
	}
	return nil, fmt.Errorf("data.target is %q, but tales as running text have no columns: leave data.target empty", c.Target)
}

// translations returns every distinct sentence with its translation.
func translations(c Config, all []*tales.Tale) *task.Table {
	t := task.NewTable(c.Name, "en", "zh")
	seen := map[string]bool{}
	for _, tale := range all {
		en, zh := tale.Sentences()
		for i := range en {
			if !seen[en[i]] {
				seen[en[i]] = true
				t.Add(en[i], zh[i])
			}
		}
	}
	return t
}

// conversations returns a dialogue for each tale and language: the teller tells the tale, then the
// listener asks and the teller answers.
func conversations(c Config, all []*tales.Tale) *task.Table {
	t := task.NewTable(c.Name, "id", "turn", "speaker", "text", "tale")
	for n, tale := range all {
		for _, language := range c.languages() {
			number := strconv.Itoa(n)
			id, turn := number+language, 0
			say := func(speaker, text string) {
				t.Add(id, strconv.Itoa(turn), speaker, text, number)
				turn++
			}
			say(talesTeller, tale.Text(language))
			for _, q := range tale.Questions(language) {
				say("listener", q.Question)
				say(talesTeller, q.Answer)
			}
		}
	}
	return t
}

// headlines returns the tales with their headlines as summaries.
func headlines(c Config, all []*tales.Tale) *task.Table {
	t := task.NewTable(c.Name, "text", "headline", "tale")
	for n, tale := range all {
		for _, language := range c.languages() {
			t.Add(tale.Text(language), tale.Headline(language), strconv.Itoa(n))
		}
	}
	return t
}

// generatedDefaults fills in the defaults of tasks on tales: the two languages of a tale stay in one
// part, and the teller's turns are the targets.
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
