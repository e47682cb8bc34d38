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
		copy(into.values, t.Values[into.from:])
		delete(missing, t.Name)
	}
	if len(missing) > 0 {
		return fmt.Errorf("the optimizer's state lacks %s", strings.Join(slices.Sorted(maps.Keys(missing)), ", "))
	}
	u.steps = steps
	return nil
}

// stateTensor is a tensor of the optimizer's state, of which this process has a part.
type stateTensor struct {
	name   string
	shape  []int
	size   int
	param  int       // whose state it is, where it is divided
	from   int       // of the part
	values []float32 // of the part
}

// wholeState lists the optimizer's state as a checkpoint has it.
func (u *Updater) wholeState() (all []stateTensor) {
	own := map[string][]float32{}
	for _, t := range u.State() {
		if !u.isDivided() {
			all = append(all, stateTensor{name: t.Name, shape: t.Shape, size: len(t.Values), values: t.Values})
		}
		own[t.Name] = t.Values
	}
	if !u.isDivided() {
		return all
	}
	index, from := map[string]int{}, map[string]int{}
	for i, p := range u.params {
		index[p.Path] = i
	}
	for _, p := range u.pieces {
		from[u.params[p.param].Path] = p.from
	}
	for _, name := range u.names {
		_, path, _ := strings.Cut(name, "/")
		p := u.params[index[path]]
		all = append(all, stateTensor{name: name, shape: p.Shape, size: p.Size(), param: index[path], from: from[path], values: own[name]})
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
		send[0] = t.values
		return nil, ranks.AllToAll(g, send, receive)
	}
	whole = make([]float32, t.size)
	copy(whole[t.from:], t.values)
	for r := 1; r < g.Size(); r++ {
		for _, p := range u.exchange.pieces(r) {
			if p.param == t.param {
				receive[r] = whole[p.from:p.to]
			}
		}
	}
	return whole, ranks.AllToAll(g, send, receive)
}
