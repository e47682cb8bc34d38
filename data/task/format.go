package task

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"euryale/data/tokenizer"
)

// The special tokens of the tasks.
const (
	beginToken   = "<|begin|>"   // before a prompt, or before the answer in a decoder
	fieldToken   = "<|field|>"   // between the fields of a source
	answerToken  = "<|answer|>"  // between prompt and answer in one sequence
	EndToken     = "<|end|>"     // after an answer, a source or a turn
	MaskToken    = "<|mask|>"    // in place of a token that is to be predicted
	droppedToken = "<|dropped|>" // in place of an answer token that the decoder does not see
	rolePrefix   = "<|role:"     // followed by the speaker's name and "|>": before a turn
)

// AllSpeakers is the value of data.reply by which the turns of all speakers are targets.
const AllSpeakers = "*"

// lengthBounds are the longest answers, in tokens, of the classes of length control; the last class
// also has all longer ones.
var lengthBounds = []int{4, 8, 16, 32, 64, 128, 256}

// Format turns the input of a user into the same tokens as in training. It depends on the
// configuration and the tokenizer alone, so that a trained model can be used without its corpus.
type Format struct {
	// Limit is the context length of the model, 0 for no limit. A source must leave a quarter of it
	// for the answer, or fit into data.max_source; of a dialogue the last turns that fit are used.
	Limit int
	// Cut truncates a source that is too long at its end, as in training. Otherwise it is an error.
	Cut bool
	// Length is the wanted number of tokens of an answer, with data.length_control; 0 means the
	// middle class.
	Length int

	config    Config
	tokenizer tokenizer.Tokenizer
	training  bool // samples are for training: data.learn_source applies
	begin     int
	field     int
	answer    int
	end       int
	mask      int
	tag       int       // before the source of a part of a mixture
	mixed     []*Format // the parts of a mixture; nil: it is none
	dropped   int       // hides an answer token of the decoder's input (data.word_dropout)
	spaced    bool      // words are encoded with the space before them
	roles     []role
	reply     int // index in roles of the speaker whose turns are targets, or −1 for all speakers
}

// role is a speaker and the token that precedes their turns.
type role struct {
	name  string
	token int
}

// Specials returns the special tokens of a task, which include a role token for each speaker.
func Specials(c Config, speakers []string) []string {
	if c.Task == "mask" {
		return []string{MaskToken}
	}
	if !c.HasRows() {
		return nil
	}
	if c.Task == "dialogue" {
		names := []string{EndToken}
		for _, speaker := range speakers {
			names = append(names, rolePrefix+speaker+"|>")
		}
		return withDropped(names, c)
	}
	names := []string{beginToken, fieldToken, answerToken, EndToken}
	if c.LengthControl {
		for _, n := range lengthBounds {
			names = append(names, lengthToken(n))
		}
	}
	for n := range c.UnknownWords {
		names = append(names, tokenizer.UnknownWord(n))
	}
	if c.Tag != "" {
		names = append(names, TagToken(c.Tag))
	}
	return withDropped(names, c)
}

// withDropped adds the token that word dropout needs.
func withDropped(names []string, c Config) []string {
	if c.WordDropout > 0 {
		names = append(names, droppedToken)
	}
	return names
}

// lengthToken names the class of answers up to n tokens.
func lengthToken(n int) string { return "<|length:" + strconv.Itoa(n) + "|>" }

// NewFormat returns the format of a task for the tokenizer that was made for it. A tokenizer that
// lacks a special token of the task is an error.
func NewFormat(c Config, tk tokenizer.Tokenizer) (*Format, error) {
	f := &Format{config: c, tokenizer: tk, begin: -1, field: -1, answer: -1, end: -1, mask: -1, tag: -1, dropped: -1, reply: -1}
	known := map[string]*int{beginToken: &f.begin, fieldToken: &f.field, answerToken: &f.answer, EndToken: &f.end, MaskToken: &f.mask, droppedToken: &f.dropped, TagToken(c.Tag): &f.tag}
	for _, name := range Specials(c, nil) {
		id, ok := tk.Special(name)
		if !ok {
			return nil, fmt.Errorf("the tokenizer has no token %s: it was not made for data.task = %q", name, c.Task)
		}
		if field := known[name]; field != nil {
			*field = id
		}
	}
	if c.UnknownWords > 0 {
		if _, err := tokenizer.NewUnknowns(tk, c.UnknownWords); err != nil {
			return nil, fmt.Errorf("data.unknown_words = %d: %w: use tokenizer.kind = \"word\"", c.UnknownWords, err)
		}
	}
	switch c.Task {
	case "dialogue":
		return f, f.findRoles()
	case "mask":
		f.spaced = tokenizer.JoinsSpaces(tk)
	}
	return f, nil
}

// Config returns the configuration of the task.
func (f *Format) Config() Config { return f.config }

// findRoles finds the role tokens of the tokenizer, in order of ids.
func (f *Format) findRoles() error {
	for id := range f.tokenizer.Vocab() {
		name := string(f.tokenizer.Piece(id))
		if special, ok := f.tokenizer.Special(name); ok && special == id && strings.HasPrefix(name, rolePrefix) {
			name = strings.TrimSuffix(strings.TrimPrefix(name, rolePrefix), "|>")
			f.roles = append(f.roles, role{name, id})
		}
	}
	if len(f.roles) == 0 {
		return fmt.Errorf("the tokenizer has no token %sNAME|>: it was not made for data.task = %q", rolePrefix, f.config.Task)
	}
	if f.config.Reply == "" || f.config.Reply == AllSpeakers {
		return nil
	}
	var err error
	f.reply, err = f.role(f.config.Reply)
	return err
}

// role returns the index of a speaker.
func (f *Format) role(name string) (int, error) {
	i := slices.IndexFunc(f.roles, func(r role) bool { return r.name == name })
	if i < 0 {
		return i, fmt.Errorf("there is no speaker %q in this corpus: the speakers are %s", name, strings.Join(f.Speakers(), ", "))
	}
	return i, nil
}

// Speakers returns the speakers of a dialogue task; none for the other tasks.
func (f *Format) Speakers() []string {
	var names []string
	for _, r := range f.roles {
		names = append(names, r.name)
	}
	return names
}

// Speaker returns the speaker whose turns follow this token, or "" if it is not a role token.
func (f *Format) Speaker(token int) string {
	for _, r := range f.roles {
		if r.token == token {
			return r.name
		}
	}
	return ""
}

// Replier returns the speaker of a dialogue task who replies where none is named, and the one replied to.
func (f *Format) Replier() (replier, partner string) {
	i := f.nextSpeaker(nil, -1)
	return f.roles[i].name, f.roles[f.partner(i)].name
}

// Instructs reports whether a speaker of the corpus gives instructions, as "system" does, which are read
// and never answered.
func (f *Format) Instructs(speaker string) bool {
	i, err := f.role(speaker)
	return err == nil && f.instructs(i)
}

func (f *Format) instructs(role int) bool {
	return role >= 0 && slices.Contains(instructors, f.roles[role].name)
}

// Turn returns a turn as a line that Prompt reads: with the name of the speaker whom next answers,
// unless the text names one.
func (f *Format) Turn(text, next string) string {
	if name, _, ok := strings.Cut(strings.TrimSpace(text), ":"); ok {
		if _, err := f.role(name); err == nil {
			return text
		}
	}
	if i, err := f.role(next); err == nil {
		return f.roles[f.partner(i)].name + ": " + text
	}
	return text
}

// End returns the token after an answer, or −1 if texts have no end, as in data.task "lm".
func (f *Format) End() int { return f.end }

// Mask returns the mask token, or −1 if the task has none.
func (f *Format) Mask() int { return f.mask }

// Stops returns the tokens that stop generation: the special tokens that never occur in an answer.
func (f *Format) Stops() []int {
	var stops []int
	for _, id := range []int{f.end, f.begin, f.field, f.answer} {
		if id >= 0 {
			stops = append(stops, id)
		}
	}
	for _, r := range f.roles {
		stops = append(stops, r.token)
	}
	return stops
}

// HasSource reports whether an encoder reads a source, separate from the prompt of the decoder.
func (f *Format) HasSource() bool { return f.config.Encoder && f.end >= 0 }
