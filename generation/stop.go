package generation

import "strings"

// stopper finds stop texts in a stream, and holds back what may be the beginning of one.
type stopper struct {
	stops []string
	held  string
}

// push adds text and returns what can be shown, and whether it contains a stop text: what is
// shown ends before it. While passing is set, stop texts are ignored.
func (s *stopper) push(text string, passing bool) (shown string, stopped bool) {
	text = s.held + text
	s.held = ""
	if passing || len(s.stops) == 0 {
		return text, false
	}
	first := -1
	for _, stop := range s.stops {
		if i := strings.Index(text, stop); i >= 0 && (first < 0 || i < first) {
			first = i
		}
	}
	if first >= 0 {
		return text[:first], true
	}
	hold := 0
	for _, stop := range s.stops {
		for n := min(len(stop)-1, len(text)); n > hold; n-- {
			if strings.HasSuffix(text, stop[:n]) {
				hold = n
			}
		}
	}
	s.held = text[len(text)-hold:]
	return text[:len(text)-hold], false
}

// rest returns what was held back at the end of the text.
func (s *stopper) rest() string {
	held := s.held
	s.held = ""
	return held
}
