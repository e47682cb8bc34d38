package draw

import (
	"fmt"
	"slices"
	"strings"
)

// DOT returns the picture in Graphviz's language, with boxes in clusters by path.
func (p *Picture) DOT() string {
	var b strings.Builder
	b.WriteString("digraph model {\n\trankdir=TB;\n\tnode [shape=box, style=\"rounded,filled\", fontname=\"Helvetica\"];\n\tedge [fontname=\"Helvetica\", fontsize=10];\n")
	for _, backward := range []bool{false, true} {
		p.cluster(&b, "", backward, 1)
	}
	for _, e := range p.edges {
		color, _ := e.to.color()
		above, below, style := e.from.id, e.to.id, ""
		switch {
		case e.across():
			color, style = acrossColor, ", style=dashed, constraint=false"
		case e.to.backward: // derivatives go up, beside their layers
			above, below, style = e.to.id, e.from.id, ", dir=back"
		}
		fmt.Fprintf(&b, "\tn%d -> n%d [label=%q, color=%q%s];\n", above, below, e.shape, color, style)
	}
	b.WriteString("}\n")
	return b.String()
}

// cluster writes the boxes and the clusters that are directly inside the path parent.
func (p *Picture) cluster(b *strings.Builder, parent string, backward bool, depth int) {
	indent := strings.Repeat("\t", depth)
	var below []string
	for _, x := range p.boxes {
		if x.backward != backward {
			continue
		}
		dir := parentOf(x.path)
		if dir == parent {
			line, fill := x.color()
			label := strings.Join(append([]string{x.title()}, x.lines()...), "\n")
			fmt.Fprintf(b, "%sn%d [label=%q, color=%q, fillcolor=%q];\n", indent, x.id, label, line, fill)
			continue
		}
		if next := firstBelow(dir, parent); next != "" && !slices.Contains(below, next) {
			below = append(below, next)
		}
	}
	for _, next := range below {
		name := next
		if backward {
			name = "∂ " + next
		}
		fmt.Fprintf(b, "%ssubgraph %q {\n%s\tlabel=%q;\n%s\tcolor=\"#cccccc\";\n", indent, "cluster "+name, indent, name, indent)
		p.cluster(b, next, backward, depth+1)
		fmt.Fprintf(b, "%s}\n", indent)
	}
}

// parentOf returns the path that a box's path is inside: "h0" of "h0/att".
func parentOf(path string) string { return path[:max(strings.LastIndexByte(path, '/'), 0)] }

// firstBelow returns the first path below parent on the way to dir, or "" if dir is not inside it.
func firstBelow(dir, parent string) string {
	rest := dir
	if parent != "" {
		inside, ok := strings.CutPrefix(dir, parent+"/")
		if !ok {
			return ""
		}
		rest = inside
	}
	first, _, _ := strings.Cut(rest, "/")
	if parent == "" {
		return first
	}
	return parent + "/" + first
}
