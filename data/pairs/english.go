package pairs

import "fmt"

// The words of the English templates: common ones, so that a small corpus has them.
var (
	singular = []string{"man", "woman", "boy", "girl", "teacher", "student", "doctor", "dog", "cat", "child", "friend", "bird"}
	plural   = []string{"men", "women", "boys", "girls", "teachers", "students", "doctors", "dogs", "cats", "children", "friends", "birds"}
	things   = []string{"book", "car", "letter", "house", "picture", "door", "room", "shirt", "hat", "chair"}
	men      = []string{"Tom", "John", "Mike", "Bill", "Jack", "He", "My father", "My brother", "The boy", "That man"}
	women    = []string{"Mary", "Jane", "Kate", "Emily", "Lucy", "She", "My mother", "My sister", "The girl", "That woman"}
	names    = []string{"Tom", "Mary", "John", "Jane", "Mike", "Kate", "Bill", "Lucy"}
)

// verbs are the forms that agree with one and with several, with what follows.
var verbs = [][3]string{
	{"is", "are", "in the room"}, {"is", "are", "very tired"}, {"was", "were", "at school"}, {"was", "were", "very happy"},
	{"has", "have", "a lot of time"}, {"likes", "like", "music"}, {"lives", "live", "in Tokyo"}, {"wants", "want", "to sleep"},
	{"knows", "know", "the answer"}, {"works", "work", "every day"}, {"eats", "eat", "too much"}, {"comes", "come", "from Japan"},
}

// selves are verbs of which something happens to the subject itself.
var selves = []string{"hurt %s", "looked at %s in the mirror", "washed %s", "taught %s French", "asked %s the same question",
	"was proud of %s", "talked about %s", "introduced %s", "cut %s with a knife", "made %s some coffee"}

var english = []paradigm{
	{"subject_verb", "agreement", "morphology", func(d *dice) (string, string) {
		i, v := d.IntN(len(singular)), verbs[d.IntN(len(verbs))]
		subject, right, wrong := singular[i], v[0], v[1]
		if d.IntN(2) == 0 {
			subject, right, wrong = plural[i], v[1], v[0]
		}
		form := fmt.Sprintf("The %s %%s %s.", subject, v[2])
		return fmt.Sprintf(form, right), fmt.Sprintf(form, wrong)
	}},
	{"subject_verb_with_attractor", "agreement", "morphology", func(d *dice) (string, string) {
		i, j, v := d.IntN(len(singular)), d.IntN(len(singular)), verbs[d.IntN(len(verbs))]
		subject, other, right, wrong := singular[i], plural[j], v[0], v[1]
		if d.IntN(2) == 0 {
			subject, other, right, wrong = plural[i], singular[j], v[1], v[0]
		}
		form := fmt.Sprintf("The %s of the %s %%s %s.", subject, other, v[2])
		return fmt.Sprintf(form, right), fmt.Sprintf(form, wrong)
	}},
	{"determiner_noun", "agreement", "morphology", func(d *dice) (string, string) {
		thing, who, verb := d.pick(things...), d.pick("Tom", "Mary", "He", "She", "I", "They"), d.pick("saw", "bought", "liked", "wanted", "sold")
		one, many := d.pick("this", "that"), d.pick("these", "those")
		if d.IntN(2) == 0 {
			return fmt.Sprintf("%s %s %s %s.", who, verb, one, thing), fmt.Sprintf("%s %s %s %s.", who, verb, many, thing)
		}
		return fmt.Sprintf("%s %s %s %ss.", who, verb, many, thing), fmt.Sprintf("%s %s %s %ss.", who, verb, one, thing)
	}},
	{"anaphor_gender", "anaphora", "morphology", func(d *dice) (string, string) {
		form, who, right, wrong := d.pick(selves...), d.pick(men...), "himself", "herself"
		if d.IntN(2) == 0 {
			who, right, wrong = d.pick(women...), "herself", "himself"
		}
		return who + " " + fmt.Sprintf(form, right) + ".", who + " " + fmt.Sprintf(form, wrong) + "."
	}},
	{"anaphor_number", "anaphora", "morphology", func(d *dice) (string, string) {
		form := d.pick(selves[:5]...)
		if d.IntN(2) == 0 {
			who := "The " + d.pick(plural[:7]...)
			return who + " " + fmt.Sprintf(form, "themselves") + ".", who + " " + fmt.Sprintf(form, d.pick("himself", "herself")) + "."
		}
		who, self := d.pick(men...), "himself"
		if d.IntN(2) == 0 {
			who, self = d.pick(women...), "herself"
		}
		return who + " " + fmt.Sprintf(form, self) + ".", who + " " + fmt.Sprintf(form, "themselves") + "."
	}},
	{"left_branch_island", "islands", "syntax", func(d *dice) (string, string) {
		whose, thing, who := d.pick("Whose", "Which", "What kind of", "How many"), d.pick(things...), d.pick("you", "Tom", "Mary", "he", "she", "they")
		if whose != "Whose" && whose != "Which" {
			thing += "s"
		}
		verb := d.pick("buy", "see", "want", "like", "use", "find")
		return fmt.Sprintf("%s %s did %s %s?", whose, thing, who, verb), fmt.Sprintf("%s did %s %s %s?", whose, who, verb, thing)
	}},
	{"adjunct_island", "islands", "syntax", func(d *dice) (string, string) {
		who, whom := d.either(d.pick(names[0], names[2], names[4], names[6]), d.pick(names[1], names[3], names[5], names[7]))
		verb, when := d.pick("call", "meet", "help", "see", "visit", "ask"), d.pick("before", "after")
		doing := d.pick("leaving", "seeing", "calling", "meeting", "helping")
		return fmt.Sprintf("Who did %s %s %s %s %s?", who, verb, when, doing, whom), fmt.Sprintf("Who did %s %s %s %s %s?", who, verb, whom, when, doing)
	}},
	{"coordinate_island", "islands", "syntax", func(d *dice) (string, string) {
		who, other := d.either(d.pick(names[0], names[2], names[4], names[6]), d.pick(names[1], names[3], names[5], names[7]))
		doing := d.pick("eating", "drinking", "reading", "doing", "making", "buying", "talking about", "looking at", "waiting for")
		what := d.pick("What", "Who")
		if doing != "talking about" && doing != "looking at" && doing != "waiting for" {
			what = "What"
		}
		return fmt.Sprintf("%s were %s and %s %s?", what, who, other, doing), fmt.Sprintf("%s were %s %s and %s?", what, who, doing, other)
	}},
}
