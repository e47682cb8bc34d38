package training

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"euryale/internal/ranks"
	"euryale/internal/runfile"
	"euryale/training/rundir"
)

// State lists the optimizer's state: see Optimizer. Where ranks have divided it, it is this rank's
// part.
func (u *Updater) State() []rundir.Tensor { return u.rule.State() }

// isDivided reports whether each rank has the state of its own part of the parameters only.
func (u *Updater) isDivided() bool { return u.exchange != nil && u.whole == nil }

// Restore sets the state to the saved one, which must be that of the same optimizer after
// the given number of updates. Saved is that of all ranks.
func (u *Updater) Restore(steps int, saved []rundir.Tensor) error {
	missing := map[string]stateTensor{}
	for _, t := range u.wholeState() {
		missing[t.name] = t
	}
	for _, t := range saved {
		into, known := missing[t.Name]
		if !known {
			return fmt.Errorf("%s is not part of this optimizer's state: is optimizer.name that of the run?", t.Name)
		}
		if len(t.Values) != into.size {
			return fmt.Errorf("%s has %d values, want %d", t.Name, len(t.Values), into.size)
		}
		for _, p := range into.parts {
			copy(p.values, t.Values[p.from:])
		}
		delete(missing, t.Name)
	}
	if len(missing) > 0 {
		return fmt.Errorf("the optimizer's state lacks %s", strings.Join(slices.Sorted(maps.Keys(missing)), ", "))
	}
	u.steps = steps
	return nil
}

// stateTensor is a tensor of the optimizer's state, of which this process has parts.
type stateTensor struct {
	name  string
	shape []int
	size  int
	param int // whose state it is, where it is divided
	parts []statePart
}

// statePart is a part of a tensor's values, which begins at from.
type statePart struct {
	from   int
	values []float32
}

// wholeState lists the optimizer's state as a checkpoint has it.
func (u *Updater) wholeState() (all []stateTensor) {
	if !u.isDivided() {
		for _, t := range u.State() {
			all = append(all, stateTensor{name: t.Name, shape: t.Shape, size: len(t.Values), parts: []statePart{{0, t.Values}}})
		}
		return all
	}
	own := map[string][][]float32{}
	for _, t := range u.State() { // one for each piece of a parameter, in their order
		own[t.Name] = append(own[t.Name], t.Values)
	}
	index, from := map[string]int{}, map[string][]int{}
	for i, p := range u.params {
		index[p.Path] = i
	}
	for _, p := range u.pieces {
		path := u.params[p.param].Path
		from[path] = append(from[path], p.from)
	}
	for _, name := range u.names {
		_, path, _ := strings.Cut(name, "/")
		p := u.params[index[path]]
		t := stateTensor{name: name, shape: p.Shape, size: p.Size(), param: index[path]}
		for i, at := range from[path] {
			t.parts = append(t.parts, statePart{at, own[name][i]})
		}
		all = append(all, t)
	}
	return all
}

// gatherState lists the state for a checkpoint, in the order in which it is written. Rank 0
// receives each tensor when it reads it; the others send theirs with sendState meanwhile.
func (u *Updater) gatherState() (all []runfile.Tensor) {
	for _, t := range u.wholeState() {
		late := runfile.Late{N: t.size, Read: func() ([]float32, error) { return u.gatherTensor(t) }}
		all = append(all, runfile.Tensor{Name: t.name, Shape: t.shape, Data: late})
	}
	return all
}

// sendState sends this rank's part of the state to rank 0, in the order in which it is written.
func (u *Updater) sendState() error {
	if !u.isDivided() {
		return nil // rank 0 has it
	}
	all := u.wholeState()
	slices.SortFunc(all, func(a, b stateTensor) int { return cmp.Compare(a.name, b.name) })
	for _, t := range all {
		if _, err := u.gatherTensor(t); err != nil {
			return err
		}
	}
	return nil
}

// gatherTensor returns the values of a tensor on rank 0. All ranks must call it.
func (u *Updater) gatherTensor(t stateTensor) (whole []float32, err error) {
	g := u.exchange.group
	send, receive := make([][]float32, g.Size()), make([][]float32, g.Size())
	if g.Rank() != 0 {
		for _, p := range t.parts {
			send[0] = append(send[0], p.values...)
		}
		return nil, ranks.AllToAll(g, send, receive)
	}
	whole = make([]float32, t.size)
	for _, p := range t.parts {
		copy(whole[p.from:], p.values)
	}
	for r := 1; r < g.Size(); r++ {
		receive[r] = make([]float32, u.valuesOf(r, t.param))
	}
	if err := ranks.AllToAll(g, send, receive); err != nil {
		return nil, err
	}
	for r := 1; r < g.Size(); r++ {
		for _, p := range u.exchange.pieces(r) {
			if p.param == t.param {
				receive[r] = receive[r][copy(whole[p.from:p.to], receive[r]):]
			}
		}
	}
	return whole, nil
}

// valuesOf returns how many values of a parameter a rank has.
func (u *Updater) valuesOf(rank, param int) (n int) {
	for _, p := range u.exchange.pieces(rank) {
		if p.param == param {
			n += p.to - p.from
		}
	}
	return n
}
