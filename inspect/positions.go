package inspect

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// span is a range of positions as written: from and to−1 may count from the end.
type span struct {
	text     string
	from, to int // to of an open range is math.MaxInt
	one      bool
}

// ranges returns the positions in a text such as 5, -1, 3:7 or 0,4:6. None is all.
func ranges(text string) (spans []span, err error) {
	if text == "" {
		return nil, nil
	}
	for _, part := range strings.Split(text, ",") {
		s := span{text: part, to: math.MaxInt}
		from, to, isRange := strings.Cut(part, ":")
		ends := []struct {
			text string
			at   *int
		}{{from, &s.from}, {to, &s.to}}
		for _, end := range ends {
			if end.text == "" && isRange {
				continue
			}
			if !isRange && end.at == &s.to {
				s.one = true
				continue
			}
			if *end.at, err = strconv.Atoi(end.text); err != nil {
				return nil, fmt.Errorf("the positions %q are not numbers and ranges, as 5, -1, 3:7 or 0,4:6", text)
			}
		}
		spans = append(spans, s)
	}
	return spans, nil
}

// positions returns the ranges [from, to) in a text of n tokens, of which the first prompt are
// those that positions below 0 count back from.
func positions(text string, prompt, n int) (at [][2]int, err error) {
	spans, err := ranges(text)
	if err != nil {
		return nil, err
	}
	for _, s := range spans {
		from, to := s.from, s.to
		if from < 0 {
			from += prompt
		}
		if to < 0 {
			to += prompt
		}
		switch {
		case s.one:
			to = from + 1
		case s.to == math.MaxInt:
			to = n
		}
		if from < 0 || to > n || from >= to {
			return nil, fmt.Errorf("position %s is outside the text, whose positions are 0 to %d", s.text, n-1)
		}
		at = append(at, [2]int{from, to})
	}
	return at, nil
}
