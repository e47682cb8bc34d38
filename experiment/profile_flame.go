package experiment

import (
	"fmt"
	"html"
	"strings"

	"euryale/internal/plottext"
)

// The flame chart's sizes in pixels, and its colours (Okabe and Ito 2008, paler), which
// colour-blind readers can tell apart.
const (
	flameWidth, flameMargin = 1200.0, 12.0
	flameRow, flameSize     = 22.0, 12.0
	narrowest               = 0.3 // boxes below are not drawn
)

var passColors = map[string]string{Forward: "#9fcbe6", Backward: "#f2b98f", Step: "#d4d4d4"}

// frame is a box of the flame chart: a layer with those inside it, in one pass.
type frame struct {
	name, path, pass string
	seconds, own     float64
	flops            float64
	ops              []Op
	inside           []*frame
}

// frames returns the tree of a profile: a step has passes and other activities, passes have
// layers.
func (p *StepProfile) frames() *frame {
	root := &frame{name: p.Model, pass: Step}
	for _, pass := range []string{Forward, Backward, Step} {
		top := root
		if pass != Step {
			top = root.child(pass, "", pass)
		}
		for _, r := range p.Rows {
			if r.Pass != pass {
				continue
			}
			at := top
			for i, name := range strings.Split(r.Path, "/") {
				at = at.child(name, strings.Join(strings.Split(r.Path, "/")[:i+1], "/"), pass)
			}
			at.own, at.flops, at.ops = at.own+r.Seconds, at.flops+r.Flops, append(at.ops, r.Ops...)
		}
	}
	root.add()
	root.seconds = max(root.seconds, p.Seconds)
	return root
}

func (f *frame) child(name, path, pass string) *frame {
	for _, c := range f.inside {
		if c.name == name {
			return c
		}
	}
	c := &frame{name: name, path: path, pass: pass}
	f.inside = append(f.inside, c)
	return c
}

// add sets the times to those of the layers inside and the frame's own.
func (f *frame) add() {
	f.seconds = f.own
	for _, c := range f.inside {
		c.add()
		f.seconds += c.seconds
	}
}

func (f *frame) depth() int {
	deepest := 0
	for _, c := range f.inside {
		deepest = max(deepest, c.depth())
	}
	return deepest + 1
}

// SVG returns the flame chart: the width of a box is its time, layers are under those that they
// are part of, and the colour tells the passes apart. Boxes have their numbers as a tooltip.
func (p *StepProfile) SVG() string {
	root := p.frames()
	top := 3*flameRow + flameMargin
	height := top + float64(root.depth())*flameRow + flameMargin
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f">`+"\n", flameWidth, height, flameWidth, height)
	fmt.Fprintf(&b, `<rect width="%.0f" height="%.0f" fill="white"/>`+"\n", flameWidth, height)
	sum := total(p.Rows)
	rate := sum.Flops / 1e9 / p.Seconds
	title := plottext.Label{X: flameMargin, Y: flameMargin + flameSize, Size: 14, Bold: true, Color: "#222222"}
	b.WriteString(title.SVG(fmt.Sprintf("%s: %.2f ms a step of %d tokens; %.0f GFLOP/s, %.0f %% of the measured peak", p.Model, 1e3*p.Seconds, p.Tokens, rate, 100*rate/p.PeakRate)) + "\n")
	legend(&b)
	root.draw(&b, flameMargin, top, (flameWidth-2*flameMargin)/root.seconds, p)
	b.WriteString("</svg>\n")
	return b.String()
}

// legend draws the colours of the passes.
func legend(b *strings.Builder) {
	x, y := flameMargin, flameMargin+2*flameRow
	for _, pass := range []string{Forward, Backward, Step} {
		text := pass
		if pass == Step {
			text = "not part of the graph"
		}
		fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="14" height="14" fill="%s"/>`+"\n", x, y-12, passColors[pass])
		l := plottext.Label{X: x + 20, Y: y, Size: flameSize, Color: "#444444"}
		b.WriteString(l.SVG(text) + "\n")
		x += 20 + l.Width(text) + 24
	}
}

// draw draws a frame at x, with those inside it in the row below; scale is pixels for a second.
func (f *frame) draw(b *strings.Builder, x, y, scale float64, p *StepProfile) {
	w := f.seconds * scale
	if w < narrowest {
		return
	}
	fmt.Fprintf(b, `<g><title>%s</title><rect x="%.2f" y="%.1f" width="%.2f" height="%.1f" fill="%s" stroke="white" stroke-width="0.7"/>`,
		html.EscapeString(plottext.Printable(f.describe(p))), x, y, w, flameRow-1, passColors[f.pass])
	l := plottext.Label{X: x + 4, Y: y + flameRow - 7, Size: flameSize, Color: "#111111"}
	if text := shorten(f.label(p), w-8, l); text != "" {
		b.WriteString(l.SVG(text))
	}
	b.WriteString("</g>\n")
	for _, c := range f.inside {
		c.draw(b, x, y+flameRow, scale, p)
		x += c.seconds * scale
	}
}

func (f *frame) label(p *StepProfile) string {
	return fmt.Sprintf("%s %.1f%%", f.name, 100*f.seconds/p.Seconds)
}

// describe returns the tooltip.
func (f *frame) describe(p *StepProfile) string {
	name := f.path
	if name == "" {
		name = f.name
	}
	text := fmt.Sprintf("%s, %s: %.3f ms, %.1f %% of the step", name, f.pass, 1e3*f.seconds, 100*f.seconds/p.Seconds)
	if f.flops > 0 && f.own > 0 {
		rate := f.flops / 1e9 / f.own
		text += fmt.Sprintf("; %.1f GFLOP/s, %.0f %% of peak", rate, 100*rate/p.PeakRate)
	}
	for _, o := range f.ops {
		text += fmt.Sprintf("\n%s %.3f ms", o.Name, 1e3*o.Seconds)
	}
	return text
}

// shorten returns text that is at most w pixels wide: with its name only, or cut, or "".
func shorten(text string, w float64, l plottext.Label) string {
	w /= 1.2 // a viewer may have a wider font
	if l.Width(text) <= w {
		return text
	}
	if i := strings.LastIndexByte(text, ' '); i > 0 {
		text = text[:i]
	}
	if l.Width(text) <= w {
		return text
	}
	runes := []rune(text)
	for n := len(runes) - 1; n >= 2; n-- {
		if cut := string(runes[:n]) + "…"; l.Width(cut) <= w {
			return cut
		}
	}
	return ""
}
