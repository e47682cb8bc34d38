package metrics

import (
	"bytes"
	"index/suffixarray"
	"io"
	"unicode/utf8"
)

// Run is a part of a text: its bytes from Start up to End.
type Run struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

// copyBlock is how much of a training text is indexed at once, in bytes; the index takes four times as
// much memory.
const copyBlock = 16 << 20

// CopiedRuns returns for each text its longest run of characters that occurs in the training text; of
// several equally long ones, the first. The training text is read in blocks, so that it may be larger
// than memory: a block is indexed by a suffix array, which takes time in proportion to its length.
func CopiedRuns(texts []string, training io.Reader) ([]Run, error) {
	return copiedRuns(texts, training, copyBlock)
}

func copiedRuns(texts []string, training io.Reader, block int64) ([]Run, error) {
	copies, err := findCopies(texts, training, nil, block)
	runs := make([]Run, len(copies))
	for i, c := range copies {
		runs[i] = c.Run
	}
	return runs, err
}

// Copied says what of a text occurs in a training text.
type Copied struct {
	Run           // the longest run of characters that does
	At    int64   // where the training text has it: the offset of its first byte
	Grams []Grams // of characters, for each n
}

// Grams counts the n-grams of a text, and those of them that occur in a training text.
type Grams struct{ Found, All int }

// Copies returns what of each text occurs in the training text, with its n-grams of characters of each
// size. It reads the training text as CopiedRuns does.
func Copies(texts []string, training io.Reader, sizes []int) ([]Copied, error) {
	return findCopies(texts, training, sizes, copyBlock)
}

func findCopies(texts []string, training io.Reader, sizes []int, block int64) ([]Copied, error) {
	searches, longest := make([]copySearch, len(texts)), 1
	for i, t := range texts {
		searches[i] = newCopySearch(t, sizes)
		longest = max(longest, len(t))
	}
	var b bytes.Buffer
	begin := int64(0) // of the block
	for more := true; more; {
		_, err := io.CopyN(&b, training, block)
		if more = err == nil; !more && err != io.EOF {
			return nil, err
		}
		index := suffixarray.New(b.Bytes())
		for i := range searches {
			searches[i].find(index, begin)
			searches[i].findGrams(index)
		}
		past := max(0, b.Len()-longest+1)
		b.Next(past) // a run may extend over two blocks
		begin += int64(past)
	}
	copies := make([]Copied, len(texts))
	for i := range searches {
		copies[i] = searches[i].copied()
	}
	return copies, nil
}

// LongestCopied returns the longest substring of any of texts that occurs in the training text; of
// several equally long ones, the first. See CopiedRuns.
func LongestCopied(texts []string, training io.Reader) (string, error) {
	runs, err := CopiedRuns(texts, training)
	longest := ""
	for i, r := range runs {
		if run := texts[i][r.Start:r.End]; utf8.RuneCountInString(run) > utf8.RuneCountInString(longest) {
			longest = run
		}
	}
	return longest, err
}

// copySearch searches for the longest copied run of a text.
type copySearch struct {
	text  []byte
	chars []int // where each character begins, and the end of the text
	best  Run
	at    int64 // of the best run in the training text
	size  int   // of the best run, in characters
	grams []gramSearch
}

// gramSearch searches for the n-grams of a size.
type gramSearch struct {
	n     int
	found []bool // by the character at which an n-gram begins
}

func newCopySearch(text string, sizes []int) copySearch {
	s := copySearch{text: []byte(text)}
	for _, n := range sizes {
		s.grams = append(s.grams, gramSearch{n, make([]bool, max(0, utf8.RuneCountInString(text)-n+1))})
	}
	for at := range text {
		s.chars = append(s.chars, at)
	}
	s.chars = append(s.chars, len(text))
	return s
}

// copied returns what was found.
func (s *copySearch) copied() Copied {
	c := Copied{Run: s.best, At: s.at}
	for _, g := range s.grams {
		n := 0
		for _, found := range g.found {
			if found {
				n++
			}
		}
		c.Grams = append(c.Grams, Grams{n, len(g.found)})
	}
	return c
}

// findGrams looks for the n-grams that were not found yet, in an index of training text.
func (s *copySearch) findGrams(index *suffixarray.Index) {
	for _, g := range s.grams {
		for i, found := range g.found {
			g.found[i] = found || index.Lookup(s.text[s.chars[i]:s.chars[i+g.n]], 1) != nil
		}
	}
}

// find looks for runs that are longer than the best so far, in an index of training text that begins at an offset.
func (s *copySearch) find(index *suffixarray.Index, begin int64) {
	for from := 0; from+s.size+1 < len(s.chars); {
		run := Run{s.chars[from], s.chars[from+s.size+1]}
		at := index.Lookup(s.text[run.Start:run.End], 1)
		if at == nil {
			from++
			continue
		}
		s.best, s.at = run, begin+int64(at[0])
		s.size++
	}
}
