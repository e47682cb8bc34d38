package record

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Config holds the keys of the [data] section that records depend on. data.Config describes them.
type Config struct {
	Task, Format              string
	Text, Source, Target, Key string
	Messages, Role, Content   string
	Ragged, Invalid           string
	DefaultColumns            bool // data.source and data.target are not set
	RunningText               bool // the task reads texts, not pairs or dialogues
	ordered                   bool // the columns have an order
}

// The kinds of records.
const (
	Texts     = "texts"
	Pairs     = "pairs"
	Dialogues = "dialogues" // a list of messages in each record
	TurnRows  = "turns"     // a turn in each record
)

// Layout says where a record has what a task needs.
type Layout struct {
	Kind    string
	Source  []string // names of columns; those of a source may be missing from a record
	Target  []string // of pairs: the answer; of texts: the parts of a text; of turns: id, turn, speaker, text
	Key     []string // rows that are equal here stay in one part
	Split   bool     // the column "split" names the part
	Message struct{ List, Role, Content string }
}

// splitColumn is the name of the column that names the part of a record.
const splitColumn = "split"

// pairLayouts, messageLayouts and textNames are the names that are recognized, the most specific first.
var (
	pairLayouts = []struct{ source, target string }{
		{"instruction,input", "output"},
		{"instruction,context", "response"},
		{"instruction", "output"},
		{"instruction", "response"},
		{"prompt", "completion"},
		{"prompt", "response"},
		{"source", "target"},
		{"input", "output"},
		{"question", "answer"},
		{"article", "highlights"},
		{"document", "summary"},
		{"text", "summary"},
	}
	messageLayouts = [][3]string{
		{"messages", "role", "content"},
		{"conversations", "from", "value"},
	}
	textNames   = []string{"text", "content", "body", "story", "document"}
	turnLayouts = [][]string{{"id", "turn", "speaker", "text"}, {"dialogue", "turn", "speaker", "text"}}
)

// find returns the layout that the configuration names, or else a known one, for its task; nil if the
// columns have neither.
func find(names []string, c Config) (l *Layout, err error) {
	switch c.Task {
	case "dialogue":
		l = findDialogues(names, c)
	case "pairs", "summary":
		l, err = findPairs(names, c)
	default:
		if c.RunningText {
			l, err = findTexts(names, c)
		} else {
			l, err = findPairs(names, c)
		}
	}
	if l == nil || err != nil {
		return nil, err
	}
	l.Split = slices.Contains(names, splitColumn) && !slices.Contains(slices.Concat(l.Source, l.Target), splitColumn)
	l.Key, err = columns("key", c.Key, names)
	return l, err
}

// findTexts finds the columns of texts.
func findTexts(names []string, c Config) (*Layout, error) {
	if c.Text != "" {
		text, err := columns("text", c.Text, names)
		return &Layout{Kind: Texts, Target: text}, err
	}
	for _, name := range textNames {
		if slices.Contains(names, name) {
			return &Layout{Kind: Texts, Target: []string{name}}, nil
		}
	}
	return nil, nil
}

// findPairs finds the columns of a source and a target.
func findPairs(names []string, c Config) (*Layout, error) {
	if !c.DefaultColumns {
		source, err := columns("source", c.Source, names)
		if err != nil {
			return nil, err
		}
		target, err := columns("target", c.Target, names)
		return &Layout{Kind: Pairs, Source: source, Target: target}, err
	}
	for _, known := range pairLayouts {
		source, target := strings.Split(known.source, ","), []string{known.target}
		if containsAll(names, source) && containsAll(names, target) {
			return &Layout{Kind: Pairs, Source: source, Target: target}, nil
		}
	}
	rest := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == splitColumn })
	if len(rest) == 2 && c.ordered {
		return &Layout{Kind: Pairs, Source: rest[:1], Target: rest[1:]}, nil
	}
	return nil, nil
}

// findDialogues finds the lists of messages, or the columns of turns.
func findDialogues(names []string, c Config) *Layout {
	for _, known := range messageLayouts {
		if c.Messages != "" && c.Messages != known[0] || c.Messages == "" && !slices.Contains(names, known[0]) {
			continue
		}
		l := &Layout{Kind: Dialogues}
		l.Message.List, l.Message.Role, l.Message.Content = known[0], or(c.Role, known[1]), or(c.Content, known[2])
		return l
	}
	if c.Messages != "" {
		l := &Layout{Kind: Dialogues}
		l.Message.List, l.Message.Role, l.Message.Content = c.Messages, or(c.Role, "role"), or(c.Content, "content")
		return l
	}
	for _, known := range turnLayouts {
		if containsAll(names, known) {
			return &Layout{Kind: TurnRows, Target: known}
		}
	}
	return nil
}

func or(given, otherwise string) string {
	if given != "" {
		return given
	}
	return otherwise
}

func containsAll(names, wanted []string) bool {
	return !slices.ContainsFunc(wanted, func(name string) bool { return !slices.Contains(names, name) })
}

// columns returns the columns in spec, such as "title,text": names, or numbers from 1 where columns have
// an order. A name that no record of the first ones has may still come, unless the columns are fixed.
func columns(key, spec string, names []string) (found []string, err error) {
	if spec == "" {
		return nil, nil
	}
	for name := range strings.SplitSeq(spec, ",") {
		name = strings.TrimSpace(name)
		n, err := strconv.Atoi(name)
		switch {
		case slices.Contains(names, name):
		case err == nil && n >= 1 && n <= len(names):
			name = names[n-1]
		default:
			return nil, fmt.Errorf("data.%s is %q, but the columns are %s", key, spec, strings.Join(names, ", "))
		}
		found = append(found, name)
	}
	return found, nil
}

// all returns the columns of a layout that are read as text.
func (l *Layout) all() []string {
	all := slices.Concat(l.Source, l.Target, l.Key)
	if l.Split {
		all = append(all, splitColumn)
	}
	return all
}

// Names describes the columns of a layout for messages, such as "prompt, completion".
func (l *Layout) Names() string {
	if l.Kind == Dialogues {
		return l.Message.List
	}
	return strings.Join(slices.Concat(l.Source, l.Target), ", ")
}

// misfit returns the error of a file whose columns are not those of the task.
func misfit(path string, names []string, c Config) error {
	if c.Task != "dialogue" {
		if l := findDialogues(names, Config{}); l != nil {
			return fmt.Errorf("%s has %s (%s), which task %s does not read: use -task dialogue", path, l.Kind, l.Names(), c.Task)
		}
	}
	if l, _ := findPairs(names, Config{DefaultColumns: true}); l != nil && c.Task != "pairs" && c.Task != "summary" {
		remedy := ""
		if c.Task != "dialogue" {
			remedy = fmt.Sprintf(", or set data.text = %q to read both as one text", strings.Join(slices.Concat(l.Source, l.Target), ","))
		}
		return fmt.Errorf("%s has pairs (%s), which task %s does not read: use -task pairs%s", path, l.Names(), c.Task, remedy)
	}
	if l, _ := findTexts(names, Config{}); l != nil && !c.RunningText {
		return fmt.Errorf("%s has texts (%s), which task %s does not read: use -task lm, or name its columns with %s", path, l.Names(), c.Task, keysOf(c))
	}
	remedy := ""
	if c.RunningText {
		remedy = ", or data.format = \"text\" to read the lines as they stand"
	}
	return fmt.Errorf("%s has the columns %s, none of which has a name that task %s knows: set %s%s", path, strings.Join(names, ", "), c.Task, keysOf(c), remedy)
}

// keysOf names the keys of the configuration that name the columns of a task.
func keysOf(c Config) string {
	switch {
	case c.Task == "dialogue":
		return "data.messages, data.role and data.content"
	case c.RunningText:
		return "data.text"
	}
	return "data.source and data.target"
}
