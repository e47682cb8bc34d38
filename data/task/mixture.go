package task

import (
	"fmt"
	"slices"
	"strings"

	"euryale/data/tokenizer"
)

// TagToken returns the token before the sources of a part of a mixture (data.mix).
func TagToken(tag string) string { return "<|" + tag + "|>" }

// NewMixture returns the format of a mixture of pairs and summaries. The fields of a prompt begin with the tag token of
// the part whose task is meant.
func NewMixture(parts []Config, tk tokenizer.Tokenizer) (*Format, error) {
	var mixed []*Format
	for _, c := range parts {
		f, err := NewFormat(c, tk)
		if err != nil {
			return nil, err
		}
		mixed = append(mixed, f)
	}
	f := *mixed[0]
	f.mixed = mixed
	return &f, nil
}

// choose returns the format of the part whose tag the fields begin with, and the fields without it.
func (f *Format) choose(fields []string) (part *Format, rest []string, err error) {
	var tags []string
	for _, m := range f.mixed {
		tag := TagToken(m.config.Tag)
		tags = append(tags, tag)
		if len(fields) == 0 {
			continue
		}
		if text, ok := strings.CutPrefix(fields[0], tag); ok {
			of := *m
			of.Limit, of.Cut, of.Length = f.Limit, f.Cut, f.Length
			return &of, slices.Concat([]string{text}, fields[1:]), nil
		}
	}
	return nil, nil, fmt.Errorf("the model was trained on a mixture: begin the text with the tag of a task, one of %s", strings.Join(tags, ", "))
}

// tagged returns a source after its tag, if it has one.
func (f *Format) tagged(source []int) []int {
	if f.tag < 0 {
		return source
	}
	return slices.Concat([]int{f.tag}, source)
}
