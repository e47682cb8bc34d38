package lab

import (
	"math"
	"strconv"
	"unicode/utf8"
)

// details are what the page shows of each token, as short as they can be: names are in lists, and steps have
// the numbers of their names.
type details struct {
	Pieces     map[int]string `json:"pieces"` // of tokens
	Processors []string       `json:"processors"`
	Steps      [][]detail     `json:"steps"` // of each text
}

// detail is a step: [id, logprob, score, rank, entropy, cuts, alternatives].
type detail [7]any

// newDetails returns the details of texts.
func newDetails(texts []*Text) details {
	d := details{Pieces: map[int]string{}, Processors: []string{}}
	numbers := map[string]int{}
	for _, t := range texts {
		steps := []detail{}
		for _, st := range t.Steps {
			cuts, top := [][]any{}, [][]any{}
			for _, c := range st.Cuts {
				n, known := numbers[c.Processor]
				if !known {
					n = len(numbers)
					numbers[c.Processor], d.Processors = n, append(d.Processors, c.Processor)
				}
				cuts = append(cuts, []any{n, c.Tokens, rounded(c.Probability), rounded(c.Entropy)})
			}
			for _, a := range st.Top {
				d.add(a.Token, a.Piece)
				top = append(top, []any{a.Token, rounded(a.Logprob), rounded(a.Score)})
			}
			d.add(st.Token, st.Piece)
			steps = append(steps, detail{st.Token, rounded(st.Logprob), rounded(st.Score), st.Rank, rounded(st.Entropy), cuts, top})
		}
		d.Steps = append(d.Steps, steps)
	}
	return d
}

func (d details) add(id int, piece string) {
	if !utf8.ValidString(piece) {
		piece = hexadecimal(piece)
	}
	d.Pieces[id] = piece
}

// rounded is a number that marshals with four digits, and as null if it is infinite.
type rounded float64

// MarshalJSON returns the number.
func (r rounded) MarshalJSON() ([]byte, error) {
	if math.IsInf(float64(r), 0) || math.IsNaN(float64(r)) {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, float64(r), 'g', 4, 64), nil
}
