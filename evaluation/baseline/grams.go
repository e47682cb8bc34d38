package baseline

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode"

	"euryale/data/task"
)

// The settings of n-gram answers.
const (
	backoff    = 0.4 // of stupid backoff
	copyShare  = 0.2 // of the probability is for any word of the source
	nextShare  = 0.3 // is for the word that follows the last one in the source
	commonest  = 50  // words of training answers that an answer may have though the source lacks them
	gramBeams  = 6
	gramNext   = 12 // known continuations of a context that are tried
	gramLength = 2  // the longest answer, as a multiple of the mean one
)

// grams is a trigram model of training answers with stupid backoff (Brants et al. 2007,
// https://aclanthology.org/D07-1090), over the words of the source and the most frequent ones, mixed with a uniform
// model and a bigram model of the source (the cache of Kuhn and De Mori 1990, https://doi.org/10.1109/34.56193). A word of the
// source is copied as often as the source has it.
type grams struct {
	after  map[string]*follower // by the last two words, the last one, and ""
	common map[string]bool      // words that every answer may have
	most   int                  // words of an answer
}

// follower counts the words after a context.
type follower struct {
	counts map[string]int
	total  int
	top    []string // the most frequent of the common ones
}

// sorted returns the words, the most frequent first.
func (f *follower) sorted() []string {
	return slices.SortedFunc(maps.Keys(f.counts), func(a, b string) int { return cmp.Or(cmp.Compare(f.counts[b], f.counts[a]), cmp.Compare(a, b)) })
}

// The words around an answer.
const beginPiece, endPiece = "\x02", "\x03"

func newGrams(known []task.Example) *grams {
	g := &grams{after: map[string]*follower{}}
	pieces := 0
	for _, ex := range known {
		all := slices.Concat([]string{beginPiece, beginPiece}, piecesOf(ex.Reference), []string{endPiece})
		pieces += len(all) - 3
		for i := 2; i < len(all); i++ {
			for _, context := range contexts(all[i-2], all[i-1]) {
				f := g.after[context]
				if f == nil {
					f = &follower{counts: map[string]int{}}
					g.after[context] = f
				}
				f.counts[all[i]]++
				f.total++
			}
		}
	}
	if all := g.after[""]; all != nil {
		sorted := all.sorted()
		g.common = map[string]bool{}
		for _, piece := range sorted[:min(commonest, len(sorted))] {
			g.common[piece] = true
		}
	}
	for _, f := range g.after {
		sorted := slices.DeleteFunc(f.sorted(), func(piece string) bool { return !g.common[piece] })
		f.top = slices.Clone(sorted[:min(gramNext, len(sorted))])
	}
	g.most = max(4, gramLength*pieces/max(1, len(known)))
	return g
}

// contexts returns what counts are kept of, the longest first.
func contexts(a, b string) [3]string { return [3]string{a + "\t" + b, b, ""} }

// followers are what follows two words, by the contexts that are known of them, the longest first.
type followers [3]*follower

func (g *grams) followers(a, b string) (all followers) {
	for i, context := range contexts(a, b) {
		all[i] = g.after[context]
	}
	return all
}

// score returns the score of a word, 0 to 1. Only contexts that are known, and that it never follows, make it less.
func (f followers) score(next string) float64 {
	weight := 1.0
	for _, after := range f {
		if after == nil {
			continue
		}
		if n := after.counts[next]; n > 0 {
			return weight * float64(n) / float64(after.total)
		}
		weight *= backoff
	}
	return 0
}

// hypothesis is the last word of an answer of a beam search, after the words before it.
type hypothesis struct {
	before *hypothesis
	piece  string
	score  float64 // sum of the logs
}

// count returns how often the answer has a word.
func (h *hypothesis) count(piece string) (n int) {
	for ; h != nil; h = h.before {
		if h.piece == piece {
			n++
		}
	}
	return n
}

// text returns the answer.
func (h *hypothesis) text() string {
	var pieces []string
	for ; h != nil; h = h.before {
		if h.piece != beginPiece && h.piece != endPiece {
			pieces = append(pieces, h.piece)
		}
	}
	slices.Reverse(pieces)
	return joined(pieces)
}

// answer returns the answer with the highest score per word that a beam search finds.
func (g *grams) answer(source string) string {
	own := countPieces(source)
	begin := &hypothesis{piece: beginPiece}
	beam := []*hypothesis{{before: begin, piece: beginPiece}}
	best := begin
	bestScore := math.Inf(-1)
	for n := 1; n <= g.most && len(beam) > 0; n++ {
		var all []*hypothesis
		for _, h := range beam {
			all = g.extend(all, h, own)
		}
		slices.SortStableFunc(all, func(a, b *hypothesis) int { return cmp.Compare(b.score, a.score) })
		beam = beam[:0]
		for _, h := range all {
			ended := h.piece == endPiece
			if mean := h.score / float64(n); (ended || n == g.most) && mean > bestScore {
				best, bestScore = h, mean
			}
			if !ended && len(beam) < gramBeams {
				beam = append(beam, h)
			}
		}
	}
	return best.text()
}

// sourcePieces are the words of a source.
type sourcePieces struct {
	counts map[string]int
	pairs  map[[2]string]int
	sorted []string // without repetitions
	size   int
}

func countPieces(source string) sourcePieces {
	s := sourcePieces{counts: map[string]int{}, pairs: map[[2]string]int{}}
	last := ""
	for _, p := range piecesOf(source) {
		s.counts[p]++
		s.pairs[[2]string{last, p}]++
		s.size++
		last = p
	}
	s.sorted = slices.Sorted(maps.Keys(s.counts))
	return s
}

// extend appends a hypothesis with each word that may follow it.
func (g *grams) extend(all []*hypothesis, h *hypothesis, own sourcePieces) []*hypothesis {
	after, tried := g.followers(h.before.piece, h.piece), map[string]bool{}
	try := func(next string) {
		if tried[next] || next == endPiece && h.piece == beginPiece {
			return
		}
		tried[next] = true
		p := (1 - copyShare - nextShare) * after.score(next)
		if own.counts[next] > h.count(next) {
			p += copyShare / float64(own.size)
			if n := own.pairs[[2]string{h.piece, next}]; n > 0 {
				p += nextShare * float64(n) / float64(own.counts[h.piece])
			}
		}
		if p > 0 {
			all = append(all, &hypothesis{h, next, h.score + math.Log(p)})
		}
	}
	for _, f := range after {
		if f != nil {
			for _, next := range f.top {
				try(next)
			}
		}
	}
	for _, next := range own.sorted {
		try(next)
	}
	return all
}

// piecesOf splits a text at white space, and scripts without it into characters.
func piecesOf(text string) (pieces []string) {
	for _, word := range strings.Fields(text) {
		begin := 0
		for at, r := range word {
			if !isWide(r) {
				continue
			}
			if at > begin {
				pieces = append(pieces, word[begin:at])
			}
			begin = at + len(string(r))
			pieces = append(pieces, word[at:begin])
		}
		if begin < len(word) {
			pieces = append(pieces, word[begin:])
		}
	}
	return pieces
}

// isWide reports whether r is a character of a script without spaces, or of its punctuation.
func isWide(r rune) bool {
	return r >= 0x2e80 || unicode.In(r, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// joined is the opposite of piecesOf.
func joined(pieces []string) string {
	var b strings.Builder
	for i, p := range pieces {
		if i > 0 && !isWide([]rune(p)[0]) && !isWide([]rune(pieces[i-1])[0]) {
			b.WriteByte(' ')
		}
		b.WriteString(p)
	}
	return b.String()
}
