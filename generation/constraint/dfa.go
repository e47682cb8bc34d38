package constraint

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// maxDepth is how deep calls can be nested. Deeper texts are not generated.
const maxDepth = 64

// dfa is the deterministic automaton of an nfa, built as far as it is used: a state is the set of
// the configurations that a text can have led to (Rabin and Scott 1959).
type dfa struct {
	*nfa
	start  int32
	alive  []bool // the productive nodes
	ids    map[string]State
	states []dfaState
	stacks []stack
	pushed map[stack]int32
	work   []config
	seen   map[config]bool
	key    []byte
}

// config is a node that reads the next byte, and the stack of the calls that it is in.
type config struct {
	node, stack int32
	flags       uint8 // while a state is computed
}

const (
	beginning uint8 = 1 << iota // the text begins here: ^ holds
	ended                       // $ held: the text must end here
)

type dfaState struct {
	configs []config
	accepts bool
}

// stack is a call's return node above the stack of its caller. Stack 0 is empty.
type stack struct{ parent, back, depth int32 }

// determinize returns the automaton that begins at a node of n.
func (n *nfa) determinize(start int32) *dfa {
	d := &dfa{nfa: n, start: start, alive: n.productive(), seen: map[config]bool{}}
	d.Reset()
	return d
}

func (d *dfa) Reset() {
	d.ids, d.states = map[string]State{}, nil
	d.stacks, d.pushed = []stack{{}}, map[stack]int32{}
}

// empty reports whether no text at all is accepted, as far as calls tell.
func (d *dfa) empty() bool { return !d.alive[d.start] }

func (d *dfa) Start(string) State {
	d.work = append(d.work[:0], config{node: d.start})
	return d.intern()
}

func (d *dfa) Accepts(s State) bool { return d.states[s].accepts }

func (d *dfa) Next(s State, b byte) State {
	d.work = d.work[:0]
	for _, c := range d.states[s].configs {
		for _, e := range d.nodes[c.node].edges {
			if e.lo <= b && b <= e.hi {
				d.work = append(d.work, config{node: e.to, stack: c.stack})
			}
		}
	}
	if len(d.work) == 0 {
		return Dead
	}
	return d.intern()
}

// intern returns the state of all configurations that d.work leads to without a byte.
func (d *dfa) intern() State {
	configs, accepts := d.close()
	if len(configs) == 0 && !accepts {
		return Dead
	}
	d.key = d.key[:0]
	for _, c := range configs {
		d.key = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(d.key, uint32(c.node)), uint32(c.stack))
	}
	if accepts {
		d.key = append(d.key, 1)
	}
	if id, ok := d.ids[string(d.key)]; ok {
		return id
	}
	id := State(len(d.states))
	d.states = append(d.states, dfaState{slices.Clone(configs), accepts})
	d.ids[string(d.key)] = id
	return id
}

// close follows the nodes that read no byte from d.work on. It returns those that read one, in order.
func (d *dfa) close() (configs []config, accepts bool) {
	clear(d.seen)
	for i := 0; i < len(d.work); i++ {
		c := d.work[i]
		if d.seen[c] || !d.alive[c.node] {
			continue
		}
		d.seen[c] = true
		switch x := &d.nodes[c.node]; x.kind {
		case readByte:
			if c.flags&ended == 0 {
				configs = append(configs, config{node: c.node, stack: c.stack})
			}
		case giveBack:
			if c.stack == 0 {
				accepts = true
				continue
			}
			top := d.stacks[c.stack]
			d.work = append(d.work, config{top.back, top.parent, c.flags})
		case call:
			if below, ok := d.push(c.stack, x.b); ok {
				d.work = append(d.work, config{x.a, below, c.flags})
			}
		case split:
			d.work = append(d.work, config{x.a, c.stack, c.flags}, config{x.b, c.stack, c.flags})
		default:
			if flags, ok := x.pass(c.flags); ok {
				d.work = append(d.work, config{x.a, c.stack, flags})
			}
		}
	}
	slices.SortFunc(configs, func(a, b config) int { return cmp.Or(cmp.Compare(a.node, b.node), cmp.Compare(a.stack, b.stack)) })
	return slices.Compact(configs), accepts
}

// pass returns the flags after a node of a text's beginning or end, and whether it can be passed.
func (x *node) pass(flags uint8) (uint8, bool) {
	switch x.kind {
	case openText:
		return flags | beginning, true
	case closeText:
		return 0, true
	case atBegin:
		return flags, flags&beginning != 0
	case atEnd:
		return flags | ended, true
	}
	return 0, false
}

// push returns the stack with one more return node.
func (d *dfa) push(parent, back int32) (int32, bool) {
	top := stack{parent, back, d.stacks[parent].depth + 1}
	if top.depth > maxDepth {
		return 0, false
	}
	id, ok := d.pushed[top]
	if !ok {
		id = int32(len(d.stacks))
		d.stacks = append(d.stacks, top)
		d.pushed[top] = id
	}
	return id, true
}
