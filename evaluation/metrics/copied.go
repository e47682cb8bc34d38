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
	searches, longest := make([]copySearch, len(texts)), 1
	for i, t := range texts {
		searches[i] = newCopySearch(t)
		longest = max(longest, len(t))
	}
	var b bytes.Buffer
	for more := true; more; {
		_, err := io.CopyN(&b, training, block)
		if more = err == nil; !more && err != io.EOF {
			return nil, err
		}
		index := suffixarray.New(b.Bytes())
		for i := range searches {
			searches[i].find(index)
		}
		b.Next(max(0, b.Len()-longest+1)) // a run may extend over two blocks
	}
	runs := make([]Run, len(texts))
	for i := range searches {
		runs[i] = searches[i].best
	}
	return runs, nil
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
	size  int // of the best run, in characters
}

func newCopySearch(text string) copySearch {
	s := copySearch{text: []byte(text)}
	for at := range text {
		s.chars = append(s.chars, at)
	}
	s.chars = append(s.chars, len(text))
	return s
}

// find looks for runs that are longer than the best so far, in an index of training text.
func (s *copySearch) find(index *suffixarray.Index) {
	for from := 0; from+s.size+1 < len(s.chars); {
		run := Run{s.chars[from], s.chars[from+s.size+1]}
		if index.Lookup(s.text[run.Start:run.End], 1) == nil {
			from++
			continue
		}
		s.best = run
		s.size++
	}
}
