package task

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"euryale/data/tokenizer"
)

// Prompt returns the tokens that a decoder reads before it generates, as in training. The fields
// depend on data.task:
//
//   - lm: the text.
//   - mask: the text, with "<|mask|>" in place of each masked token.
//   - pairs, summary: the fields of the source, one by one or as one text with tabs between them. A
//     table without a source column takes the beginning of an answer.
//   - dialogue: the turns, one by one or as lines. "user: Hello" names the speaker, "user:" at the
//     end names the next speaker; without names the speakers alternate such that the next one is
//     the one who replies. A line that begins with a tab continues the turn before it. Of more turns
//     than fit, the last are read, after the instructions (as of "system") that the dialogue begins with.
//
// If an encoder reads the source (see Source), the prompt is the single token that begins an answer.
//
// In a mixture the fields begin with the tag token of a part (see TagToken).
//
// A prompt is never empty. A text that the tokenizer cannot encode is a *tokenizer.UnknownError; a
// source, or a last turn, that does not fit is an error unless Cut is set.
func (f *Format) Prompt(fields ...string) ([]int, error) {
	if f.mixed != nil {
		part, fields, err := f.choose(fields)
		if err != nil {
			return nil, err
		}
		return part.Prompt(fields...)
	}
	switch {
	case f.config.Task == "dialogue":
		turns, next, err := f.parseTurns(fields)
		if err != nil {
			return nil, err
		}
		if f.config.Encoder {
			return []int{f.roles[next].token}, nil
		}
		return append(f.tokensOf(f.promptTurns(turns)), f.roles[next].token), nil
	case f.mask >= 0:
		return f.maskedPrompt(strings.Join(fields, ""))
	case f.end < 0:
		return f.plainPrompt(strings.Join(fields, ""))
	case f.config.Encoder:
		return []int{f.begin}, nil
	case f.config.Source == "":
		ids, err := f.tokenizer.EncodeNext(strings.Join(fields, ""))
		if err != nil {
			return nil, err
		}
		return append(f.prompt(f.tagged(nil), f.wantedLength()), ids...), nil
	}
	source, err := f.encodeFields(fields)
	if err != nil {
		return nil, err
	}
	if source, err = f.fitSource(source); err != nil {
		return nil, err
	}
	return f.prompt(f.tagged(source), f.wantedLength()), nil
}

// Source returns the tokens that an encoder reads, from the same fields as Prompt; nil if the task has
// no encoder.
func (f *Format) Source(fields ...string) ([]int, error) {
	if !f.HasSource() {
		return nil, nil
	}
	if f.mixed != nil {
		part, fields, err := f.choose(fields)
		if err != nil {
			return nil, err
		}
		return part.Source(fields...)
	}
	if f.config.Task == "dialogue" {
		turns, _, err := f.parseTurns(fields)
		if err != nil {
			return nil, err
		}
		if len(turns) == 0 {
			return nil, errors.New("the dialogue is empty: give at least one turn to reply to")
		}
		return f.tokensOf(f.promptTurns(turns)), nil
	}
	source, err := f.encodeFields(fields)
	if err != nil {
		return nil, err
	}
	if source, err = f.fitSource(source); err != nil {
		return nil, err
	}
	return append(append(f.tagged(source), f.wantedLength()...), f.end), nil
}

// fitSource truncates a source to its limit; if Cut is not set, a longer source is an error.
func (f *Format) fitSource(source []int) ([]int, error) {
	fitting := f.cutSource(source)
	return fitting, f.checkCut(len(source), len(fitting))
}

// checkCut returns an error if tokens would be truncated and Cut is not set.
func (f *Format) checkCut(have, read int) error {
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

// CutNote says what Prompt and Source leave out, with Cut, of a source that is too long, and which turns of a
// dialogue, with Cut or without; "" if they leave out nothing.
func (f *Format) CutNote(fields ...string) string {
	if f.mixed != nil {
		part, fields, err := f.choose(fields)
		if err != nil {
			return "" // Prompt and Source return it
		}
		return part.CutNote(fields...)
	}
	if f.config.Task == "dialogue" {
		return f.turnsNote(fields)
	}
	if f.end < 0 || f.config.Source == "" {
		return ""
	}
	source, err := f.encodeFields(fields)
	if err != nil {
		return "" // Prompt and Source return it
	}
	read := len(f.cutSource(source))
	if read == len(source) {
		return ""
	}
	what := fmt.Sprintf("the first %d", read)
	switch f.config.SourceKeep {
	case KeepEnd:
		what = fmt.Sprintf("the last %d", read)
	case KeepBoth:
		what = fmt.Sprintf("%d of its start and end", read)
	}
	return fmt.Sprintf("the source has %d tokens, and the model reads %s (data.source_keep)", len(source), what)
}

// wantedLength returns the token of the length class of f.Length, if length control is on.
func (f *Format) wantedLength() []int {
	if f.Length > 0 {
		return f.lengthClass(f.Length)
	}
	return f.lengthClass(lengthBounds[len(lengthBounds)/2])
}

// plainPrompt encodes a text. The prompt of an empty text is a newline, if the tokenizer has one.
func (f *Format) plainPrompt(text string) ([]int, error) {
	ids, err := f.tokenizer.Encode(text)
	if err != nil || len(ids) > 0 {
		return ids, err
	}
	if ids, err = f.tokenizer.Encode("\n"); err != nil {
		return []int{0}, nil // the vocabulary has no newline: use its most frequent character
	}
	return ids, nil
}

// maskedPrompt encodes a text with mask tokens. If words are encoded with the space before them, the
// mask of a word stands for the space too.
func (f *Format) maskedPrompt(text string) ([]int, error) {
	var all []int
	at := 0
	encode := f.tokenizer.Encode
	pieces := strings.Split(text, MaskToken)
	for i, piece := range pieces {
		if i > 0 {
			all, at = append(all, f.mask), at+len(MaskToken)
			encode = f.tokenizer.EncodeNext
		}
		plain := piece
		if f.spaced && i < len(pieces)-1 {
			plain = strings.TrimSuffix(piece, " ")
		}
		ids, err := encode(plain)
		if unknown := (*tokenizer.UnknownError)(nil); errors.As(err, &unknown) {
			unknown.Offset += at
		}
		if err != nil {
			return nil, err
		}
		all, at = append(all, ids...), at+len(piece)
	}
	if !slices.Contains(all, f.mask) {
		return nil, fmt.Errorf("the text has no mask: write %s in place of each token that the model is to predict", MaskToken)
	}
	return all, nil
}

// encodeFields encodes and joins the fields of a source. Missing fields are empty.
func (f *Format) encodeFields(fields []string) ([]int, error) {
	source, err := f.encodeWith(f.newEncoder(), fields)
	if err != nil {
		return nil, err
	}
	return source, f.checkKnown(source)
}

func (f *Format) encodeWith(e encoder, fields []string) ([]int, error) {
	want := strings.Count(f.config.Source, ",") + 1
	if len(fields) == 1 && want > 1 {
		fields = strings.Split(fields[0], "\t")
	}
	if len(fields) > want {
		return nil, fmt.Errorf("%d fields were given, but the source has %d (%s)", len(fields), want, f.config.Source)
	}
	encoded := make([][]int, want)
	for i, field := range fields {
		ids, err := e.source(field)
		if err != nil {
			return nil, err
		}
		encoded[i] = ids
	}
	return f.join(encoded), nil
}

// continued begins a line that continues the turn before it.
const continued = "\t"

// said is a turn of a prompt, whose role may be unknown.
type said struct {
	role int
	text string
}

const unknownRole = -1

// splitTurns splits the lines of a prompt into turns. named is the role of an empty last line, or
// unknownRole.
func (f *Format) splitTurns(fields []string) (turns []said, named int) {
	named = unknownRole
	for line := range strings.SplitSeq(strings.Join(fields, "\n"), "\n") {
		if more, ok := strings.CutPrefix(line, continued); ok && len(turns) > 0 {
			turns[len(turns)-1].text += "\n" + more
			continue
		}
		t := said{unknownRole, strings.TrimSpace(line)}
		if name, text, ok := strings.Cut(t.text, ":"); ok {
			if i, err := f.role(name); err == nil {
				t = said{i, strings.TrimSpace(text)}
			}
		}
		named = unknownRole
		if t.text == "" {
			named = t.role
			continue
		}
		turns = append(turns, t)
	}
	return turns, named
}

// parseTurns parses the turns of a dialogue, and returns the role of the next speaker.
func (f *Format) parseTurns(fields []string) (turns []encodedTurn, next int, err error) {
	given, named := f.splitTurns(fields)
	for _, t := range given {
		ids, err := f.tokenizer.EncodeNext(t.text)
		if err != nil {
			return nil, 0, err
		}
		turns = append(turns, encodedTurn{t.role, ids})
	}
	if n := len(turns); n > 0 {
		last := turns[n-1].ids
		if err := f.checkCut(len(last), len(f.turnTokens(encodedTurn{0, last}))-2); err != nil {
			return nil, 0, err
		}
	}
	next = f.nextSpeaker(turns, named)
	after := next
	for i := len(turns) - 1; i >= 0; i-- {
		if turns[i].role == unknownRole {
			turns[i].role = f.partner(after)
		}
		after = turns[i].role
	}
	return turns, next, nil
}

// nextSpeaker returns the speaker that was named (−1 for none), else that of data.reply, else the
// partner of the last speaker.
func (f *Format) nextSpeaker(turns []encodedTurn, named int) int {
	switch {
	case named >= 0:
		return named
	case f.reply >= 0:
		return f.reply
	case len(turns) > 0 && turns[len(turns)-1].role >= 0:
		return f.partner(turns[len(turns)-1].role)
	}
	return f.partner(0)
}

// partner returns the speaker who answers role: the second speaker answers the first, and the first
// answers all others.
func (f *Format) partner(role int) int {
	if role == 0 && len(f.roles) > 1 {
		return 1
	}
	return 0
}
