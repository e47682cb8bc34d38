package training

import "slices"

// interval holds the mean losses of the updates since the last report, over their targets.
type interval struct {
	Targets int
	Loss    float64
	Added   []NamedLoss
}

// add adds an update, unless its loss is not finite. The mean of one update is its loss, to the
// bit.
func (v *interval) add(s Step) {
	if !isFinite(s.Loss) || s.Targets == 0 {
		return
	}
	v.Targets += s.Targets
	share := float64(s.Targets) / float64(v.Targets)
	v.Loss += (s.Loss - v.Loss) * share
	for i, l := range s.Added {
		if i == len(v.Added) {
			v.Added = append(v.Added, NamedLoss{Name: l.Name})
		}
		v.Added[i].Value += (l.Value - v.Added[i].Value) * share
	}
}

// fill sets a record's losses to the means.
func (v *interval) fill(r *Record) {
	if v.Targets > 0 {
		r.Loss, r.Added = v.Loss, slices.Clone(v.Added)
	}
}
