package task

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"euryale/data/tokenizer"
)

// Prompt returns the tokens a decoder begins with, as in training.
//
// Of plain text they are the text. Of a table's task they are the fields of the source, given one
// by one or as one text with tabs between them, and what announces the answer; a table without a
// source column takes the beginning of an answer. A dialogue takes its turns, one by one or as
// lines: "user: Hello" says who speaks, "user:" at the end says who shall speak; without names the
// speakers alternate so that the answer falls to the one who replies. If an encoder reads the
// source (see Source), a prompt is the one token that begins an answer.
//
// Of data.task "mask" they are the text, in which "<|mask|>" stands for each hidden token.
//
// It is never empty. A text that the tokenizer cannot express is an *UnknownError; a source, or a
// last turn, that does not fit is an error unless Cut is set.
func (f *Format) Prompt(fields ...string) ([]int, error) {
	switch {
	case f.config.Task == "dialogue":
		turns, next, err := f.parseTurns(fields)
		if err != nil {
			return nil, err
		}
		if f.config.Encoder {
			return []int{f.roles[next].token}, nil
		}
		return append(f.history(turns), f.roles[next].token), nil
	case f.mask >= 0:
		return f.maskedPrompt(strings.Join(fields, ""))
	case f.end < 0:
		return f.plainPrompt(strings.Join(fields, ""))
	case f.config.Encoder:
		return []int{f.begin}, nil
	case f.config.Source == "":
		ids, err := f.tokenizer.Encode(strings.Join(fields, ""))
		if err != nil {
			return nil, err
		}
		return append(f.prompt(nil, f.wantedLength()), ids...), nil
	}
	source, err := f.encodeFields(fields)
	if err != nil {
		return nil, err
	}
	if source, err = f.fitSource(source); err != nil {
		return nil, err
	}
	return f.prompt(source, f.wantedLength()), nil
}

// Source returns the tokens an encoder reads, of the same fields that Prompt takes; nil if the
// task has no encoder.
func (f *Format) Source(fields ...string) ([]int, error) {
	if !f.HasSource() {
		return nil, nil
	}
	if f.config.Task == "dialogue" {
		turns, _, err := f.parseTurns(fields)
		if err != nil {
			return nil, err
		}
		if len(turns) == 0 {
			return nil, errors.New("a dialogue needs something to reply to: give a turn")
		}
		return f.history(turns), nil
	}
	source, err := f.encodeFields(fields)
	if err != nil {
		return nil, err
	}
	if source, err = f.fitSource(source); err != nil {
		return nil, err
	}
	return append(append(source, f.wantedLength()...), f.end), nil
}

// fitSource is a source that fits: what is left of a longer one, if it may be cut.
func (f *Format) fitSource(source []int) ([]int, error) {
	fitting := f.cutSource(source)
	return fitting, f.mayCut(len(source), len(fitting))
}

// mayCut reports tokens of the user's that the model would not read.
func (f *Format) mayCut(have, read int) error {
	if f.Cut || have <= read {
		return nil
	}
	larger := "model.context"
	if f.config.Encoder {
		larger = "model.source_context"
	}
	if f.config.MaxSource > 0 {
		larger += " and data.max_source"
	}
	return fmt.Errorf("the text has %d tokens, and the model reads %d: shorten it, or train with a larger %s", have, read, larger)
}

// wantedLength is the class of the length that was asked for.
func (f *Format) wantedLength() []int {
	if f.Length > 0 {
		return f.lengthClass(f.Length)
	}
	return f.lengthClass(lengthBounds[len(lengthBounds)/2])
}

// plainPrompt encodes a text; an empty one is a new line, where that exists.
func (f *Format) plainPrompt(text string) ([]int, error) {
	ids, err := f.tokenizer.Encode(text)
	if err != nil || len(ids) > 0 {
		return ids, err
	}
	if ids, err = f.tokenizer.Encode("\n"); err != nil {
		return []int{0}, nil // the alphabet has no new line: begin with its most frequent character
	}
	return ids, nil
}

// maskedPrompt encodes what stands between the masks of a text.
func (f *Format) maskedPrompt(text string) ([]int, error) {
	var all []int
	at := 0
	for i, piece := range strings.Split(text, MaskToken) {
		if i > 0 {
			all, at = append(all, f.mask), at+len(MaskToken)
		}
		ids, err := f.tokenizer.Encode(piece)
		if unknown := (*tokenizer.UnknownError)(nil); errors.As(err, &unknown) {
			unknown.Offset += at
		}
		if err != nil {
			return nil, err
		}
		all, at = append(all, ids...), at+len(piece)
	}
	if !slices.Contains(all, f.mask) {
		return nil, fmt.Errorf("the text hides nothing: write %s in place of a token that the model is to guess", MaskToken)
	}
	return all, nil
}

// encodeFields encodes and joins the fields of a source. Missing ones are empty.
func (f *Format) encodeFields(fields []string) ([]int, error) {
	want := strings.Count(f.config.Source, ",") + 1
	if len(fields) == 1 && want > 1 {
		fields = strings.Split(fields[0], "\t")
	}
	if len(fields) > want {
		return nil, fmt.Errorf("%d fields given, but the source has %d (%s)", len(fields), want, f.config.Source)
	}
	encoded := make([][]int, want)
	for i, field := range fields {
		ids, err := f.tokenizer.Encode(field)
		if err != nil {
			return nil, err
		}
		encoded[i] = ids
	}
	return f.join(encoded), nil
}

// parseTurns reads the turns of a dialogue and says who speaks next.
func (f *Format) parseTurns(fields []string) (turns []encodedTurn, next int, err error) {
	unknown := -1
	last := unknown
	for line := range strings.SplitSeq(strings.Join(fields, "\n"), "\n") {
		role, text := unknown, strings.TrimSpace(line)
		if name, said, ok := strings.Cut(text, ":"); ok {
			if i, err := f.role(name); err == nil {
				role, text = i, strings.TrimSpace(said)
			}
		}
		last = unknown
		if text == "" {
			last = role
			continue
		}
		ids, err := f.tokenizer.Encode(text)
		if err != nil {
			return nil, 0, err
		}
		turns = append(turns, encodedTurn{role, ids})
	}
	if n := len(turns); n > 0 {
		said := turns[n-1]
		if err := f.mayCut(len(said.ids), len(f.turnTokens(encodedTurn{0, said.ids}))-2); err != nil {
			return nil, 0, err
		}
	}
	next = f.nextSpeaker(turns, last)
	after := next
	for i := len(turns) - 1; i >= 0; i-- {
		if turns[i].role == unknown {
			turns[i].role = f.partner(after)
		}
		after = turns[i].role
	}
	return turns, next, nil
}

// nextSpeaker is the one asked for, else the one who replies, else whoever did not speak last.
func (f *Format) nextSpeaker(turns []encodedTurn, asked int) int {
	switch {
	case asked >= 0:
		return asked
	case f.reply >= 0:
		return f.reply
	case len(turns) > 0 && turns[len(turns)-1].role >= 0:
		return f.partner(turns[len(turns)-1].role)
	}
	return f.partner(0)
}

// partner is whom a speaker speaks with: the second one with the first, all others with the first.
func (f *Format) partner(role int) int {
	if role == 0 && len(f.roles) > 1 {
		return 1
	}
	return 0
}
