// Package models holds models of text, one file each: a struct of sizes and a function
// that declares the graph from tokens to logits. From that one definition come the
// programs that train, score and decode.
//
// Shapes are written with the letters of package layers.
package models

import (
	"fmt"
	"runtime"
	"sort"
	"strings"

	G "gorgonia.org/gorgonia"

	"euryale/layers"
)

// Model is a definition of a graph.
type Model interface {
	// Logits declares the graph.
	//
	//	tokens: (B·T) int → logits: (B·T, V)
	Logits(s *layers.Scope, tokens *G.Node) *G.Node
	// Common are the settings that every model has.
	Common() *Sizes
	// Check says what is wrong with the model's settings, before anything is built.
	Check() error
}

// Sizes are what every model's struct begins with.
type Sizes struct {
	Vocab   int `toml:"vocab"`   // V: ids of the tokenizer, which sets it
	Context int `toml:"context"` // T: tokens of a training sequence, and the most a sequence can hold
}

// Common returns s itself.
func (s *Sizes) Common() *Sizes { return s }

// Check refuses sizes below one.
func (s *Sizes) Check() error {
	if s.Vocab < 1 || s.Context < 1 {
		return fmt.Errorf("model: vocab = %d and context = %d, want at least 1", s.Vocab, s.Context)
	}
	return nil
}

// Entry is a model in the registry.
type Entry struct {
	Name, Doc string
	New       func() Model // with its default settings
	at        string       // file and line of its registration
}

var registry = map[string]Entry{}

// Register makes a model known to config files and commands by name. It panics if the name
// is taken: which of two models a run trains must not depend on the names of their files.
func Register(name, doc string, defaults func() Model) {
	_, file, line, _ := runtime.Caller(1)
	e := Entry{name, doc, defaults, fmt.Sprintf("%s:%d", file, line)}
	if first, taken := registry[name]; taken {
		panic(fmt.Sprintf("models: the name %q is registered twice, by %s and %s: give one of them another name", name, first.at, e.at))
	}
	registry[name] = e
}

// New returns the model of that name with its default settings.
func New(name string) (Model, error) {
	if e, ok := registry[name]; ok {
		return e.New(), nil
	}
	return nil, fmt.Errorf("no model is called %q: there are %s", name, strings.Join(Names(), ", "))
}

// Names lists the registered models, sorted.
func Names() []string {
	var names []string
	for name := range registry {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// Entries lists the registry, sorted by name.
func Entries() []Entry {
	var es []Entry
	for _, name := range Names() {
		es = append(es, registry[name])
	}
	return es
}

// WithLoss is a model that is trained on a loss of its own in place of cross-entropy. Its
// validation loss and all scores remain cross-entropy, so that they can be compared.
type WithLoss interface {
	Model
	// Loss declares the loss of each row, 0 where it has no target.
	//
	//	logits: (B·T, V) → (B·T)
	Loss(s *layers.Scope, logits *G.Node) *G.Node
}

// EncoderDecoder is a model that reads a source: its graph has an encoder.
type EncoderDecoder interface {
	Model
	// SourceContext is the most tokens a source can have.
	SourceContext() int
}

// Bidirectional is a model whose tokens may see those after them.
type Bidirectional interface {
	Model
	// IsBidirectional says whether they do.
	IsBidirectional() bool
}

// IsBidirectional says whether a model's tokens see those after them. It can restore hidden
// tokens; to predict the next is no task for it, which it sees.
func IsBidirectional(m Model) bool {
	b, ok := m.(Bidirectional)
	return ok && b.IsBidirectional()
}

// SourceOf is the most tokens that a model's source can have, or 0 if it reads none.
func SourceOf(m Model) int {
	if t, ok := m.(EncoderDecoder); ok {
		return t.SourceContext()
	}
	return 0
}
