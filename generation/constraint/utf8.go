package constraint

import "unicode/utf8"

// chars reads one of the characters from ranges, pairs of the first and the last code point, in
// UTF-8.
func (n *nfa) chars(ranges []rune, next int32) int32 {
	return n.add(node{kind: readByte, edges: n.charEdges(ranges, next)})
}

// charEdges returns the edges of the first bytes of these characters. Nodes of the bytes after them
// are shared.
func (n *nfa) charEdges(ranges []rune, next int32) (edges []edge) {
	known := map[edge]int32{}
	for i := 0; i < len(ranges); i += 2 {
		eachUTF8(ranges[i], ranges[i+1], func(lo, hi []byte) {
			to := next
			for k := len(lo) - 1; k > 0; k-- {
				e := edge{lo[k], hi[k], to}
				id, ok := known[e]
				if !ok {
					id = n.add(node{kind: readByte, edges: []edge{e}})
					known[e] = id
				}
				to = id
			}
			edges = append(edges, edge{lo[0], hi[0], to})
		})
	}
	return edges
}

// eachUTF8 divides a range of code points into ranges whose encodings are the products of a range of
// each byte, and calls f with the least and the greatest bytes of each. Surrogates have none.
func eachUTF8(lo, hi rune, f func(lo, hi []byte)) {
	const firstSurrogate, lastSurrogate = 0xD800, 0xDFFF
	if lo < firstSurrogate && hi > lastSurrogate {
		eachUTF8(lo, firstSurrogate-1, f)
		eachUTF8(lastSurrogate+1, hi, f)
		return
	}
	if lo >= firstSurrogate && lo <= lastSurrogate {
		lo = lastSurrogate + 1
	}
	if hi >= firstSurrogate && hi <= lastSurrogate {
		hi = firstSurrogate - 1
	}
	hi = min(hi, utf8.MaxRune)
	if lo > hi {
		return
	}
	for _, last := range []rune{0x7F, 0x7FF, 0xFFFF} { // lengths of encodings
		if lo <= last && last < hi {
			eachUTF8(lo, last, f)
			eachUTF8(last+1, hi, f)
			return
		}
	}
	for bits := 6; bits <= 18 && lo > 0x7F; bits += 6 { // bytes that do not take all their values
		low := rune(1)<<bits - 1
		if lo&^low == hi&^low {
			break
		}
		if lo&low != 0 {
			eachUTF8(lo, lo|low, f)
			eachUTF8(lo|low+1, hi, f)
			return
		}
		if hi&low != low {
			eachUTF8(lo, hi&^low-1, f)
			eachUTF8(hi&^low, hi, f)
			return
		}
	}
	f(utf8.AppendRune(nil, lo), utf8.AppendRune(nil, hi))
}
