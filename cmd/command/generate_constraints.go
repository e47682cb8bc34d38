package command

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strings"

	"euryale/generation"
	"euryale/generation/constraint"
	"euryale/internal/cli"
	"euryale/training"
)

// constraintFlags are the flags that say what generated texts must be.
type constraintFlags struct {
	regex, schema, forbidFile, form, rhymes string
	require, forbid                         cli.List
	minChars, maxChars                      int
	place                                   int // among the processors that -processors names
}

// constraintName is the name of the processor of constraints, in -processors.
const constraintName = "constraint"

func (c *constraintFlags) declare(f *cli.Flags) {
	f.StringVar(&c.regex, "regex", "", "`PATTERN` the whole text matches it")
	f.StringVar(&c.schema, "json-schema", "", "`FILE` or is JSON of this schema")
	f.Var(&c.require, "require", "`TEXT` text that occurs")
	f.Var(&c.forbid, "forbid", "`TEXT` that does not, however written; each may be repeated")
	f.StringVar(&c.forbidFile, "forbid-file", "", "`FILE` nor its lines")
	f.StringVar(&c.form, "form", "", "`FORM` verse: 五绝 or 七绝")
	f.StringVar(&c.rhymes, "rhymes", "", "`FILE` with these tones and rhymes")
	f.IntVar(&c.minChars, "min-chars", 0, "`N` least characters")
	f.IntVar(&c.maxChars, "max-chars", 0, "`N` and most (0: no limit)")
	f.Join("regex", "json-schema")
	f.Join("require", "forbid", "forbid-file")
	f.Join("form", "rhymes", "min-chars", "max-chars")
}

// given returns the flags that were given, and whether only those are that every beginning of an
// acceptable text satisfies too.
func (c *constraintFlags) given(f *cli.Flags) (names []string, prefixes bool) {
	prefixes = true
	for _, name := range []string{"regex", "json-schema", "require", "form", "min-chars", "forbid", "forbid-file", "max-chars"} {
		if f.Given(name) {
			names = append(names, "-"+name)
			prefixes = prefixes && (strings.HasPrefix(name, "forbid") || name == "max-chars")
		}
	}
	return names, prefixes
}

// check returns which flags exclude each other.
func (c *constraintFlags) check(f *cli.Flags) error {
	if c.rhymes != "" && c.form == "" {
		return cli.Misusef("-rhymes goes with -form alone: it says which verse the table is for")
	}
	names, prefixes := c.given(f)
	if len(names) == 0 {
		return nil
	}
	for _, name := range []string{"min-tokens", "no-repeat", "bad-words", "force"} {
		if f.Lookup(name) != nil && f.Given(name) {
			return cli.Misusef("-%s and %s exclude each other: together they may leave no token (-min-chars, -forbid and -regex do similar things)", name, names[0])
		}
	}
	if f.Given("stop") && !prefixes {
		return cli.Misusef("-stop and %s exclude each other: a text that is cut may not satisfy the constraint; write the end into the pattern", names[0])
	}
	return nil
}

// automaton returns what the flags say together, or nil if they say nothing. It reads their files.
func (c *constraintFlags) automaton() (constraint.Automaton, error) {
	var parts []constraint.Automaton
	var first error
	add := func(flag string, a constraint.Automaton, err error) {
		if err != nil && first == nil {
			first = fmt.Errorf("-%s: %w", flag, err)
		}
		parts = append(parts, a)
	}
	if c.regex != "" {
		a, err := constraint.Regexp(c.regex)
		add("regex", a, err)
	}
	if c.schema != "" {
		text, err := os.ReadFile(c.schema)
		if err != nil {
			return nil, fmt.Errorf("-json-schema: %w", err)
		}
		a, err := constraint.JSONSchema(text)
		add("json-schema "+c.schema, a, err)
	}
	for _, word := range c.require {
		a, err := constraint.Require(word)
		add("require", a, err)
	}
	words, err := c.forbidden()
	if err != nil {
		return nil, err
	}
	if len(words) > 0 {
		a, err := constraint.Forbid(words...)
		add("forbid", a, err)
	}
	if c.minChars != 0 || c.maxChars != 0 {
		a, err := constraint.Length(c.minChars, c.maxChars)
		add("min-chars and -max-chars", a, err)
	}
	if c.form != "" {
		a, err := c.verse()
		add("form", a, err)
	}
	if first != nil || len(parts) == 0 {
		return nil, first
	}
	return constraint.All(parts...)
}

// forbidden returns the words of -forbid and -forbid-file.
func (c *constraintFlags) forbidden() ([]string, error) {
	words := append([]string{}, c.forbid...)
	if c.forbidFile == "" {
		return words, nil
	}
	text, err := os.ReadFile(c.forbidFile)
	if err != nil {
		return nil, fmt.Errorf("-forbid-file: %w", err)
	}
	for _, line := range strings.Split(strings.TrimPrefix(string(text), "\ufeff"), "\n") {
		if line = strings.TrimSpace(line); line != "" {
			words = append(words, line)
		}
	}
	return words, nil
}

func (c *constraintFlags) verse() (constraint.Automaton, error) {
	var table *constraint.Rhymes
	if c.rhymes != "" {
		var err error
		if table, err = constraint.ReadRhymes(c.rhymes); err != nil {
			return nil, err
		}
	}
	return constraint.Verse(c.form, table)
}

// constrain adds the constraints of the flags to the settings. It reads the tokenizer of the run, but
// no weights.
func (o *generateOptions) constrain() error {
	a, err := o.constraints.automaton()
	if a == nil || err != nil {
		return asUsage(err)
	}
	if o.run == "" {
		if o.run, err = training.Newest("runs"); err != nil {
			return err
		}
	}
	g, err := training.OpenTokens(o.run)
	if err != nil {
		return err
	}
	if g.Format.Mask() >= 0 {
		return cli.Misusef("the model restores hidden tokens, and constraints are for texts that it continues")
	}
	if err := o.resolve(g.Tokenizer); err != nil {
		return err
	}
	without := append(append([]int{}, g.End...), o.settings.Ban...)
	for id, bias := range o.settings.LogitBias {
		if math.IsInf(bias, -1) {
			without = append(without, id)
		}
	}
	c, err := constraint.New(a, g.Tokenizer, without)
	if err != nil {
		names, _ := o.constraints.given(o.Flags)
		return cli.Misusef("%s: %v", strings.Join(names, ", "), err)
	}
	if least, text := c.Least(); least > o.settings.Tokens {
		return cli.Misusef("-tokens %d: the shortest text that satisfies the constraints takes %d tokens (%q)", o.settings.Tokens, least, text)
	}
	o.settings.Processors = append(o.settings.Processors, generation.Constrain(c))
	if o.settings.Order != nil {
		o.settings.Order = slices.Insert(o.settings.Order, o.constraints.place, constraintName)
	}
	return nil
}

// withConstraint adds the processor of constraints to a list of names.
func (o *generateOptions) withConstraint(chain string) string {
	names, _ := o.constraints.given(o.Flags)
	switch {
	case len(names) == 0:
		return chain
	case chain == "":
		return constraintName
	}
	all := strings.Split(chain, ",")
	return strings.Join(slices.Insert(all, min(o.constraints.place, len(all)), constraintName), ",")
}

// asUsage makes an error one of how the command was called.
func asUsage(err error) error {
	if err == nil {
		return nil
	}
	return &cli.Usage{Err: err}
}
