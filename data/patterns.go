package data

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"euryale/data/task"
)

// The corpora of this file have a structure that is known exactly, to look for in models trained
// on them: repeats for induction heads, quotes for units that remember what is open.

// texts make the running text of the generated corpora that have some.
var texts = map[string]func(Config) string{"tales": talesText, "repeats": repeatsText, "quotes": quotesText}

// textOnly is the table of a corpus of running text: an error.
func textOnly(c Config) (*task.Table, error) {
	return nil, fmt.Errorf("data.task is %q: corpus %s is running text, set data.task = \"lm\"", c.Task, c.Name)
}

// repeatsLetters are the letters of the corpus repeats.
const repeatsLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// repeatsText returns data.size lines "segment gap segment": a random segment, a gap of other random
// letters, and the segment again. Segments have 6 to 12 letters times the level, gaps at most as many as the
// shortest segment, so that a copy is found by its content and not by its distance. In half of the
// cases a letter is followed by its successor in the alphabet, in the others by any letter: this can
// be learned without looking back.
func repeatsText(c Config) string {
	rng := rand.New(rand.NewPCG(c.Seed, 0))
	letter := rng.IntN(len(repeatsLetters))
	random := func(n int) string {
		s := make([]byte, n)
		for i := range s {
			if letter = (letter + 1) % len(repeatsLetters); rng.IntN(3) > 0 {
				letter = rng.IntN(len(repeatsLetters))
			}
			s[i] = repeatsLetters[letter]
		}
		return string(s)
	}
	var b strings.Builder
	shortest := 6 * c.Level
	for range c.Size {
		segment := random(shortest + rng.IntN(shortest+1))
		b.WriteString(segment + random(rng.IntN(shortest+1)) + segment + "\n")
	}
	return b.String()
}

// quotesWords are the words of the corpus quotes, outside and inside of quotation marks alike.
var quotesWords = strings.Fields("a the one two red old new cat dog fox hen sun sea sky ran sat saw ate and but who was")

// quotesMarks are the marks that open and close a span, outermost first.
var quotesMarks = [][2]string{{`"`, `"`}, {"(", ")"}, {"[", "]"}}

// quotesText returns data.size lines of words, some of them inside quotation marks; inside these some
// are in parentheses (from level 2), and inside those some in brackets (level 3). A quotation mark
// opens as it closes, so that only what was read before tells which it does.
func quotesText(c Config) string {
	rng := rand.New(rand.NewPCG(c.Seed, 0))
	var span func(depth, words int) string
	span = func(depth, words int) string {
		var s []string
		for range words {
			if depth < c.Level && rng.IntN(6) == 0 {
				s = append(s, quotesMarks[depth][0]+span(depth+1, 2+rng.IntN(6))+quotesMarks[depth][1])
			} else {
				s = append(s, quotesWords[rng.IntN(len(quotesWords))])
			}
		}
		return strings.Join(s, " ")
	}
	var b strings.Builder
	for range c.Size {
		b.WriteString(span(0, 4+rng.IntN(12)) + ".\n")
	}
	return b.String()
}
