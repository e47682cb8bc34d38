package view

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"euryale/layers/graph"
)

// blocks returns the paths of the blocks that read the text, in order: those whose tap "resid" is the
// residual stream after them, as "h0" or "dec/h0". A recurrent model has none.
func blocks(g *graph.Graph) []string {
	var all []string
	for _, tap := range g.Taps() {
		block, name := path.Split(tap)
		if block = strings.TrimSuffix(block, "/"); name == "resid" && number(block) >= 0 && !ofSource(g, tap) {
			all = append(all, block)
		}
	}
	slices.SortStableFunc(all, func(a, b string) int { return number(a) - number(b) })
	return all
}

// cells returns the paths of the recurrent layers, those of the source first.
func cells(g *graph.Graph) []string {
	var all []string
	taps := g.Taps()
	for _, tap := range taps {
		layer, name := path.Split(tap)
		if layer = strings.TrimSuffix(layer, "/"); name == "h" && slices.Contains(taps, layer+"/h/W") {
			all = append(all, layer)
		}
	}
	slices.SortStableFunc(all, func(a, b string) int {
		if x, y := ofSource(g, a+"/h"), ofSource(g, b+"/h"); x != y {
			if x {
				return -1
			}
			return 1
		}
		return number(a) - number(b)
	})
	return all
}

// ofSource reports whether the rows of a tap are tokens of the source.
func ofSource(g *graph.Graph, tap string) bool { return g.Info(tap).Rows == graph.SourceRows }

// number returns the number at the end of a path, or −1.
func number(path string) int {
	digits := len(path)
	for digits > 0 && path[digits-1] >= '0' && path[digits-1] <= '9' {
		digits--
	}
	n, err := strconv.Atoi(path[digits:])
	if err != nil {
		return -1
	}
	return n
}

// heads returns the paths of the heads of an attention layer, whose outputs can be changed.
func headsOf(g *graph.Graph, layer string) []string {
	var all []string
	taps := g.Taps()
	for h := 0; slices.Contains(taps, headPath(layer, h)); h++ {
		all = append(all, headPath(layer, h))
	}
	return all
}

// stream returns the taps of the residual stream of the text: before the first block, where the model
// names it "embed", and after every block.
func stream(g *graph.Graph) []string {
	var taps []string
	all := blocks(g)
	if len(all) == 0 {
		return nil
	}
	before := path.Join(path.Dir(all[0]), "embed")
	if slices.Contains(g.Taps(), before) {
		taps = append(taps, before)
	}
	for _, b := range all {
		taps = append(taps, b+"/resid")
	}
	return taps
}

func noStream() error {
	return unfit("the model has no residual stream: its layers do not add to one sum", "模型没有残差流：各层并不累加到同一个和上")
}
