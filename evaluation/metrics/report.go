package metrics

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Report is a list of measures in order of display. It prints as a table and marshals to one JSON
// object.
type Report []Measure

// Measure is a number with its name: the key in JSON, such as "rouge_l".
type Measure struct {
	Name  string
	Value float64
}

// Evaluate compares generated texts with references, where refs[i] are those of hyps[i]: BLEU with the
// given tokenization, chrF, ROUGE, exact match, and the diversity of hyps.
func Evaluate(hyps []string, refs [][]string, tokenize Tokenizer) (Report, error) {
	bleu, err1 := BLEU(hyps, refs, tokenize)
	chrf, err2 := ChrF(hyps, refs)
	rouge, err3 := ROUGE(hyps, refs)
	exact, err4 := ExactMatch(hyps, refs)
	if err := cmp.Or(err1, err2, err3, err4); err != nil {
		return nil, err
	}
	return Report{
		{"texts", float64(len(hyps))},
		{"bleu", bleu.Score},
		{"chrf2", chrf},
		{"rouge_1", rouge.One},
		{"rouge_2", rouge.Two},
		{"rouge_l", rouge.L},
		{"exact_match", exact},
		{"distinct_1", DistinctN(hyps, 1)},
		{"distinct_2", DistinctN(hyps, 2)},
		{"repetition_4", RepetitionRate(hyps, 4)},
	}, nil
}

// Get returns the value of the named measure.
func (r Report) Get(name string) (float64, bool) {
	for _, m := range r {
		if m.Name == name {
			return m.Value, true
		}
	}
	return 0, false
}

// String returns a table with a line for each measure: integers without decimals, other numbers with
// two or four decimals.
func (r Report) String() string {
	width := 0
	for _, m := range r {
		width = max(width, utf8.RuneCountInString(m.Name))
	}
	var b strings.Builder
	for _, m := range r {
		fmt.Fprintf(&b, "%-*s %12s\n", width, m.Name, Format(m.Value))
	}
	return b.String()
}

// Format returns a number as reports print it: integers without decimals, others with two or four.
func Format(v float64) string {
	switch {
	case v == math.Trunc(v) && math.Abs(v) < 1e15:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case math.Abs(v) >= 10:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	return strconv.FormatFloat(v, 'f', 4, 64)
}

// MarshalJSON returns an object with the measures in order. Infinite and NaN values, which JSON cannot
// express, become null.
func (r Report) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range r {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(m.Name)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		if math.IsNaN(m.Value) || math.IsInf(m.Value, 0) {
			b.WriteString("null")
			continue
		}
		value, err := json.Marshal(m.Value)
		if err != nil {
			return nil, err
		}
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}
