package tales

import (
	"math/rand/v2"
	"strings"
)

// Tale is a small story in English and Chinese, aligned by sentences. It depends on a seed, a number
// and a level alone.
type Tale struct {
	plot   *plot
	level  int
	en, zh map[string]string // values of the slots, by name
}

// Question is a question about a tale with its only right answer.
type Question struct{ Question, Answer string }

// New returns tale number n of a seed. Level 1 has few sentences and a small vocabulary; levels 2 and
// 3 add sentences and words.
func New(seed uint64, n, level int) *Tale {
	rng := rand.New(rand.NewPCG(seed, uint64(n)))
	t := &Tale{plot: &plots[rng.IntN(len(plots))], level: level, en: map[string]string{}, zh: map[string]string{}}
	t.cast(rng)
	return t
}

// cast fills all slots, also those that the plot does not use, so that every plot draws the same
// random numbers.
func (t *Tale) cast(rng *rand.Rand) {
	choice := func() int { return rng.IntN(2 + 2*t.level) }
	two := func() (int, int) { // two different choices
		i, j := choice(), choice()
		for i == j {
			j = choice()
		}
		return i, j
	}
	h := heroes[choice()]
	t.set("hero", h.en, h.zh)
	t.set("he", h.he, h.pronoun)
	t.set("him", h.him, h.pronoun)
	t.set("his", h.his, h.pronoun)
	i, j := two()
	t.noun("animal", animals[i])
	t.noun("rival", animals[j])
	t.set("unit", "", animals[i].unit)
	i, j = two()
	t.noun("thing", things[i])
	t.noun("other", things[j])
	i, j = two()
	t.noun("colour", colours[i])
	t.noun("other colour", colours[j])
	when, hiding, where := mornings[choice()], hidings[choice()], places[choice()]
	t.set("when", when.en, when.zh)
	t.set("hiding", hiding.en, hiding.zh)
	t.set("place", where.en, where.to)
	t.set("at place", where.at+" "+where.en, where.in)
	t.numbers(rng, foods[choice()], foods[choice()])
}

// numbers fills the slots of numbers: food of which some, but not all, is given away; two prices, of
// which the purse covers only the lower; and a gift.
func (t *Tale) numbers(rng *rand.Rand, food, gift word) {
	t.noun("food", food)
	many := 3 + rng.IntN(7)
	some := 1 + rng.IntN(many-1)
	price := 2 + rng.IntN(6)
	purse := price + rng.IntN(9-price)
	for slot, n := range map[string]int{"many": many, "some": some, "left": many - some} {
		en, zh := food.count(n)
		t.set(slot, en, zh)
	}
	en, zh := gift.count(2 + rng.IntN(8))
	t.set("gift", en, zh)
	for slot, n := range map[string]int{"price": price, "purse": purse, "other price": purse + 1 + rng.IntN(10-purse)} {
		t.set(slot, numbersEn[n], numbersZh[n])
	}
}

// set fills a slot, and the slot with the capitalized name, for the start of an English sentence.
func (t *Tale) set(slot, en, zh string) {
	t.en[slot], t.zh[slot] = en, zh
	t.en[capital(slot)], t.zh[capital(slot)] = capital(en), zh
}

// noun fills the slots of a noun: alone, with its article, and its measure word.
func (t *Tale) noun(slot string, w word) {
	t.set(slot, w.en, w.zh)
	t.set("a "+slot, a(w.en), w.zh)
	t.set(slot+" unit", "", w.unit)
}

// capital capitalizes the first letter of an English text.
func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// fill returns a line with its slots filled.
func (t *Tale) fill(l line) (en, zh string) {
	en, _ = fillSlots(l.en, t.en)
	zh, _ = fillSlots(l.zh, t.zh)
	return en, zh
}

// fillSlots replaces each {slot} by its value, and returns where the values are.
func fillSlots(text string, slots map[string]string) (string, []filled) {
	var b strings.Builder
	var all []filled
	for {
		before, rest, ok := strings.Cut(text, "{")
		b.WriteString(before)
		if !ok {
			return b.String(), all
		}
		slot, after, _ := strings.Cut(rest, "}")
		from := b.Len()
		b.WriteString(slots[slot])
		all = append(all, filled{plainSlot(slot), Span{from, b.Len()}})
		text = after
	}
}

// Sentences returns the sentences of the tale in both languages, aligned.
func (t *Tale) Sentences() (en, zh []string) {
	for _, l := range t.plot.lines {
		if l.level <= t.level {
			e, z := t.fill(l)
			en, zh = append(en, e), append(zh, z)
		}
	}
	return en, zh
}

// Text returns the tale in a language, "en" or "zh".
func (t *Tale) Text(language string) string {
	en, zh := t.Sentences()
	if language == "zh" {
		return strings.Join(zh, "")
	}
	return strings.Join(en, " ")
}

// Headline returns the headline in a language, "en" or "zh".
func (t *Tale) Headline(language string) string {
	en, zh := t.fill(t.plot.headline)
	if language == "zh" {
		return zh
	}
	return en
}

// Questions returns the questions about the tale and their answers in a language, "en" or "zh".
func (t *Tale) Questions(language string) []Question {
	var all []Question
	for _, q := range t.plot.queries {
		question, question2 := t.fill(q.question)
		answer, answer2 := t.fill(q.answer)
		if language == "zh" {
			question, answer = question2, answer2
		}
		all = append(all, Question{question, answer})
	}
	return all
}
