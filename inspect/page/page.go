package page

import (
	"context"
	_ "embed" // for the files of the page
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"

	"euryale/inspect/view"
	"euryale/models"
)

//go:embed page.html
var pageText string

//go:embed page.css
var style string

//go:embed page.js
var script string

var page = template.Must(template.New("page").Funcs(template.FuncMap{"both": both}).Parse(pageText))

// both returns a text in both languages, of which the page shows one.
func both(english, chinese string) template.HTML {
	return template.HTML(`<span class="en">` + template.HTMLEscapeString(english) + `</span><span class="zh" lang="zh-CN">` + template.HTMLEscapeString(chinese) + `</span>`)
}

// Words are a text in both languages.
type Words struct{ English, Chinese string }

// Page is what the views found in a text.
type Page struct {
	About          string // the model, in a line
	Tokens, Source []string
	Sections       []Section
}

// Section is a view on the page.
type Section struct {
	Name        string
	Title, What Words
	Paper       string       // where the view comes from
	Notes       []Words      // what the figure is computed from
	Figure      *view.Figure // nil: the view does not fit
	Reason      Words        // why it does not
}

// Fits reports whether there is a figure.
func (s Section) Fits() bool { return s.Figure != nil }

// Options says what the page shows besides the text itself.
type Options struct {
	Output    view.Output                        // explained by the views of one output
	Sample    []view.Sequence                    // other text that the model knows; nil: views that need some are left out
	Corrupted *view.Text                         // a prompt whose activations are patched; nil: none are
	Clean     *view.Text                         // the prompt that they are patched from
	Patched   view.Output                        // of both prompts
	About     string                             // the model, in a line
	Progress  func(done, total int, name string) // before each view; may be nil
}

// Build computes the views of a text. A view that does not fit, or fails, has its reason in the page; the error is
// that of ctx.
func Build(ctx context.Context, t *view.Text, o Options) (*Page, error) {
	p := &Page{About: o.About, Tokens: t.Labels(t.Tokens), Source: t.Labels(t.Source)}
	if models.SourceOf(t.Model) == 0 {
		p.Source = nil
	}
	all := sections()
	for i, s := range all {
		if o.Progress != nil {
			o.Progress(i, len(all), s.Name)
		}
		f, notes, err := s.compute(ctx, t, o)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if f, err = within(f, err); err != nil {
			s.Reason = reason(err)
		} else {
			s.Figure, s.Notes = f, append(s.Notes, notes...)
		}
		p.Sections = append(p.Sections, s.Section)
	}
	if o.Progress != nil {
		o.Progress(len(all), len(all), "")
	}
	return p, nil
}

// within keeps the grids of a figure that a page has room for.
func within(f *view.Figure, err error) (*view.Figure, error) {
	if err != nil {
		return nil, err
	}
	left := figureCells
	for i := range f.Grids {
		n := len(f.Grids[i].Values)
		if isLower(&f.Grids[i]) {
			n /= 2
		}
		if left -= n; left < 0 && i > 0 {
			kept := *f
			kept.Grids = f.Grids[:i]
			return &kept, nil
		}
	}
	return f, nil
}

// figureCells is the number of values of a figure that a page has room for: with it, 200 tokens make
// less than 5 MB.
const figureCells = 1_200_000

// reason returns why a view has no figure.
func reason(err error) Words {
	var u *view.Unfit
	if errors.As(err, &u) {
		return Words{u.English, u.Chinese}
	}
	return Words{err.Error(), err.Error()}
}

// WriteHTML writes the page. It refers to no other file.
func (p *Page) WriteHTML(w io.Writer) error {
	d := struct {
		Tokens  []string `json:"tokens"`
		Source  []string `json:"source"`
		Figures []shown  `json:"figures"`
	}{p.Tokens, p.Source, nil}
	for _, s := range p.Sections {
		if s.Figure == nil {
			continue
		}
		f := shown{Name: s.Name, Scale: s.Figure.Scale}
		for i := range s.Figure.Grids {
			f.Grids = append(f.Grids, newMatrix(&s.Figure.Grids[i], p.Tokens, p.Source))
		}
		d.Figures = append(d.Figures, f)
	}
	text, err := json.Marshal(d) // escapes <, > and &
	if err != nil {
		return fmt.Errorf("the page's figures: %w", err)
	}
	return page.Execute(w, map[string]any{"About": p.About, "Tokens": p.Tokens, "Source": p.Source, "Sections": p.Sections,
		"Style": template.CSS(style), "Script": template.JS(script), "Data": template.JS(text)})
}
