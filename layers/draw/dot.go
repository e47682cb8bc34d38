package draw

import (
	"fmt"
	"slices"
	"strings"
)

// DOT is the picture in Graphviz's language, its boxes in clusters by path.
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

// cluster writes the boxes whose paths lie in a room, and the rooms below it.
func (p *Picture) cluster(b *strings.Builder, room string, backward bool, depth int) {
	indent := strings.Repeat("\t", depth)
	var below []string
	for _, x := range p.boxes {
		if x.backward != backward {
			continue
		}
		dir := roomOf(x.path)
		if dir == room {
			line, fill := x.color()
			label := strings.Join(append([]string{x.title()}, x.lines()...), "\n")
			fmt.Fprintf(b, "%sn%d [label=%q, color=%q, fillcolor=%q];\n", indent, x.id, label, line, fill)
			continue
		}
		if next := firstBelow(dir, room); next != "" && !slices.Contains(below, next) {
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

// roomOf is the path that a box's path is inside: "h0" of "h0/att".
func roomOf(path string) string { return path[:max(strings.LastIndexByte(path, '/'), 0)] }

// firstBelow is the room directly below room on the way to dir, or "" if dir is not in it.
func firstBelow(dir, room string) string {
	rest := dir
	if room != "" {
		inside, ok := strings.CutPrefix(dir, room+"/")
		if !ok {
			return ""
		}
		rest = inside
	}
	first, _, _ := strings.Cut(rest, "/")
	if room == "" {
		return first
	}
	return room + "/" + first
}
