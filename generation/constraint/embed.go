package constraint

// maxEmbedded is the most states of an automaton that becomes a part of another.
const maxEmbedded = 1 << 16

// embed reads the texts of an automaton.
func (w *schemaWriter) embed(a Automaton, path string, next int32) int32 {
	start := a.Start("")
	if start == Dead {
		return w.add(node{kind: fail})
	}
	nodes := map[State]int32{} // that read a byte
	var queue []State
	enter := func(s State) int32 {
		n, ok := nodes[s]
		if !ok {
			n = w.add(node{kind: readByte})
			nodes[s] = n
			queue = append(queue, s)
		}
		if a.Accepts(s) {
			return w.either(next, n)
		}
		return n
	}
	first := enter(start)
	for i := 0; i < len(queue); i++ {
		if i > maxEmbedded {
			return w.fail(path, "the value is too complex: its automaton has more than %d states", maxEmbedded)
		}
		targets := map[State]int32{}
		var edges []edge
		for b := 0; b < 256; b++ {
			s := a.Next(queue[i], byte(b))
			if s == Dead {
				continue
			}
			to, ok := targets[s]
			if !ok {
				to = enter(s)
				targets[s] = to
			}
			if n := len(edges); n > 0 && int(edges[n-1].hi) == b-1 && edges[n-1].to == to {
				edges[n-1].hi = byte(b)
				continue
			}
			edges = append(edges, edge{byte(b), byte(b), to})
		}
		w.nodes[nodes[queue[i]]].edges = edges
	}
	return first
}

// except accepts what all accepts and not does not.
type except struct {
	interned[[2]State]
	all, not Automaton
}

func (e *except) Start(before string) State {
	return e.state([2]State{e.all.Start(before), e.not.Start(before)})
}

func (e *except) Next(s State, b byte) State {
	x := e.states[s]
	if x[0] = e.all.Next(x[0], b); x[0] == Dead {
		return Dead
	}
	if x[1] != Dead {
		x[1] = e.not.Next(x[1], b)
	}
	return e.state(x)
}

func (e *except) Accepts(s State) bool {
	x := e.states[s]
	return e.all.Accepts(x[0]) && (x[1] == Dead || !e.not.Accepts(x[1]))
}
