package card

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// WriteREADME writes the card as the README.md of a model on Hugging Face
// (https://huggingface.co/docs/hub/model-cards): metadata in YAML, then the text in English and in
// Chinese.
func (c *Card) WriteREADME(w io.Writer) error {
	var b strings.Builder
	c.frontMatter(&b)
	for i, of := range []func(Text) string{func(t Text) string { return t.En }, func(t Text) string { return t.Zh }} {
		title := c.Name
		if i == 1 {
			title += "（中文）"
		}
		c.markdown(&b, title, of)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// frontMatter writes the metadata.
func (c *Card) frontMatter(b *strings.Builder) {
	b.WriteString("---\n")
	list := func(key string, items []string) {
		if len(items) == 0 {
			return
		}
		fmt.Fprintf(b, "%s:\n", key)
		for _, item := range items {
			fmt.Fprintf(b, "- %s\n", item)
		}
	}
	list("language", c.Languages)
	list("tags", c.Tags)
	b.WriteString("pipeline_tag: text-generation\n")
	var results []string
	for _, s := range c.Measured {
		if c.earlier(&s) {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(s.Values)) {
			results = append(results, fmt.Sprintf("  - task:\n      type: text-generation\n    dataset:\n      name: %s\n      type: %s\n    metrics:\n    - type: %s\n      value: %s\n",
				strconv.Quote(s.Title.En), strconv.Quote(s.Name), strconv.Quote(name), strconv.FormatFloat(s.Values[name], 'g', 6, 64)))
		}
	}
	if len(results) > 0 {
		fmt.Fprintf(b, "model-index:\n- name: %s\n  results:\n%s", strconv.Quote(c.Name), strings.Join(results, ""))
	}
	b.WriteString("---\n\n")
}

// markdown writes the text in the language that of returns.
func (c *Card) markdown(b *strings.Builder, title string, of func(Text) string) {
	fmt.Fprintf(b, "# %s\n\n%s\n\n", escape(title), escape(of(c.Summary)))
	for _, s := range slices.Concat(c.About, c.Measured) {
		fmt.Fprintf(b, "## %s\n\n", escape(of(s.Title)))
		if c.earlier(&s) {
			fmt.Fprintf(b, "*%s*\n\n", of(words["earlier"]))
		}
		if s.Summary.En != "" {
			fmt.Fprintf(b, "%s\n\n", escape(of(s.Summary)))
		}
		s.markdownTable(b, of)
		for _, n := range s.Notes {
			fmt.Fprintf(b, "%s\n\n", escape(of(n)))
		}
		if s.Command != "" {
			fmt.Fprintf(b, "%s %s\n\n", of(words["made"]), code(s.Command))
		}
	}
	if len(c.Limits) > 0 {
		fmt.Fprintf(b, "## %s\n\n", of(words["limits"]))
		for _, l := range c.Limits {
			fmt.Fprintf(b, "- %s\n", escape(of(l)))
		}
		b.WriteString("\n")
	}
	if len(c.Missing) > 0 {
		fmt.Fprintf(b, "## %s\n\n", of(words["missing"]))
		for _, m := range c.Missing {
			fmt.Fprintf(b, "- %s: %s\n", escape(of(m.What)), code(m.Command))
		}
		b.WriteString("\n")
	}
}

// markdownTable writes the table of a section.
func (s *Section) markdownTable(b *strings.Builder, of func(Text) string) {
	if len(s.Rows) == 0 {
		return
	}
	var heads []string
	for _, c := range s.Columns {
		heads = append(heads, escape(of(c)))
	}
	fmt.Fprintf(b, "| %s |\n|%s\n", strings.Join(heads, " | "), strings.Repeat(" --- |", len(heads)))
	for _, r := range s.Rows {
		cells := []string{escape(of(r.Label))}
		for _, c := range r.Cells {
			cells = append(cells, escape(c))
		}
		fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | "))
	}
	b.WriteString("\n")
}

var escaper = strings.NewReplacer(`\`, `\\`, "|", `\|`, "*", `\*`, "_", `\_`, "`", "\\`", "<", "&lt;", "[", `\[`, "\n", " ")

// escape returns a text without characters that have a meaning in Markdown.
func escape(text string) string { return escaper.Replace(text) }

// code returns a text as Markdown's code.
func code(text string) string {
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	if len(fence) > 1 {
		return fence + " " + text + " " + fence
	}
	return fence + text + fence
}
