// Package models has the models of text, one file each, and compiles them into programs.
//
// A model is a struct of settings and a method Logits, which declares the graph from tokens to
// logits with the functions of package layers. Register makes it known to configuration files
// and commands. One definition serves all programs:
//
//	Train   computes the loss and its gradients
//	Score   computes the loss of each token, and any named value (tap) of the graph
//	Encode  reads sources into a memory
//	Decode  reads tokens into a memory and computes the logits of the next token
//
// Parameters (graph.Weights) and what sequences remember (graph.Memory) live outside programs:
// package graph explains them, and package layers the letters of shapes.
package models

import (
	"fmt"
	"runtime"
	"sort"
	"strings"

	G "gorgonia.org/gorgonia"

	"euryale/layers"
	"euryale/layers/graph"
)

// Model is the definition of a model's graph.
type Model interface {
	// Logits declares the graph.
	//
	//	tokens: (B·T) int → logits: (B·T, V)
	Logits(s *layers.Scope, tokens *G.Node) *G.Node
	// Common returns the settings that every model has.
	Common() *Sizes
	// Check returns an error if the settings are invalid. It is called before a graph is built.
	Check() error
}

// Sizes holds the settings that every model has. A model's struct embeds it.
type Sizes struct {
	Vocab   int `toml:"vocab"`   // V, the number of ids, set by the tokenizer
	Context int `toml:"context"` // context length in tokens: of training sequences, and the maximum in decoding
}

// Common returns s itself.
func (s *Sizes) Common() *Sizes { return s }

// Check returns an error if a size is less than 1.
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
	Package   string       // import path of the package that registered it
	at        string       // file and line of the call of Register
}

var registry = map[string]Entry{}

// Register makes a model known to configuration files and commands by name. It panics if the
// name is registered already, naming both files: the model that a run trains must not depend on
// the order of files.
func Register(name, doc string, defaults func() Model) {
	caller, file, line, _ := runtime.Caller(1)
	e := Entry{name, doc, defaults, packageOf(runtime.FuncForPC(caller).Name()), fmt.Sprintf("%s:%d", file, line)}
	if first, taken := registry[name]; taken {
		panic(fmt.Sprintf("models: the name %q is registered twice, by %s and %s: give one of them another name", name, first.at, e.at))
	}
	registry[name] = e
}

// packageOf returns the import path in the name of a function, as "example.org/my/models.init.0". In a name
// dots of the path's last element are escaped.
func packageOf(function string) string {
	dir := strings.LastIndexByte(function, '/') + 1
	last, _, _ := strings.Cut(function[dir:], ".")
	return function[:dir] + strings.ReplaceAll(last, "%2e", ".")
}

// New returns the model of that name with its default settings.
func New(name string) (Model, error) {
	if e, ok := registry[name]; ok {
		return e.New(), nil
	}
	return nil, fmt.Errorf("no model is called %q; models: %s", name, strings.Join(Names(), ", "))
}

// Names returns the names of the registered models, sorted.
func Names() []string {
	var names []string
	for name := range registry {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// Entries returns the registered models, sorted by name.
func Entries() []Entry {
	var es []Entry
	for _, name := range Names() {
		es = append(es, registry[name])
	}
	return es
}

// WithLoss is implemented by models that are trained on a custom loss instead of cross-entropy.
// Validation and scores remain cross-entropy, so that models can be compared.
type WithLoss interface {
	Model
	// Loss declares the loss of each row, 0 where it has no target.
	//
	//	logits: (B·T, V) → (B·T)
	Loss(s *layers.Scope, logits *G.Node) *G.Node
}

// EncoderDecoder is implemented by models that read a source.
type EncoderDecoder interface {
	Model
	// SourceContext returns the maximum length of a source in tokens.
	SourceContext() int
}

// Bidirectional is implemented by models whose tokens may attend to later tokens.
type Bidirectional interface {
	Model
	// IsBidirectional reports whether they do.
	IsBidirectional() bool
}

// IsBidirectional reports whether a model's tokens attend to later tokens. Such a model can
// predict masked tokens, but not the next token, which it attends to.
func IsBidirectional(m Model) bool {
	b, ok := m.(Bidirectional)
	return ok && b.IsBidirectional()
}

// Rewinds reports whether a sequence of the model can go back to any of its tokens in decoding: it has no
// recurrent state. A model that cannot decode does not.
func Rewinds(m Model) bool {
	if _, counts := m.(Predictor); counts {
		return true
	}
	mem, err := NewMemory(m, graph.NewBlankWeights(), 1, 1, SourceOf(m))
	return err == nil && !mem.Recurrent()
}

// SourceOf returns the maximum length of a model's source in tokens, or 0 if it reads none.
func SourceOf(m Model) int {
	if t, ok := m.(EncoderDecoder); ok {
		return t.SourceContext()
	}
	return 0
}
