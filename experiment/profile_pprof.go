package experiment

import (
	"io"

	"github.com/google/pprof/profile"
)

// WritePprof writes the profile in the format that go tool pprof opens. Functions are layers,
// their callers the layers around them, and lines those that declared them. Samples have the
// label "pass".
func (p *StepProfile) WritePprof(w io.Writer) error {
	b := pprofBuilder{functions: map[string]*profile.Location{}, to: &profile.Profile{
		SampleType: []*profile.ValueType{{Type: "time", Unit: "nanoseconds"}, {Type: "operations", Unit: "count"},
			{Type: "moved", Unit: "bytes"}, {Type: "memory", Unit: "bytes"}, {Type: "peak", Unit: "bytes"}},
		DefaultSampleType: "time",
		DurationNanos:     int64(p.Seconds * 1e9),
		Comments:          []string{"One training step of " + p.Model + ", on average. Functions are layers."},
	}}
	for _, r := range p.Rows {
		b.add(r)
	}
	if err := b.to.CheckValid(); err != nil {
		return err
	}
	return b.to.Write(w)
}

type pprofBuilder struct {
	to        *profile.Profile
	functions map[string]*profile.Location // by path of the layer
}

// add adds a sample, whose stack is the layer and those around it.
func (b *pprofBuilder) add(r Row) {
	s := &profile.Sample{Value: []int64{int64(r.Seconds * 1e9), int64(r.Flops), int64(r.Bytes), int64(r.Memory), int64(r.Live)},
		Label: map[string][]string{"pass": {r.Pass}}}
	for path := r.Path; path != ""; path = parent(path) {
		file, line := "", 0
		if path == r.Path {
			file, line = r.File, r.Line
		}
		s.Location = append(s.Location, b.location(path, file, line))
	}
	b.to.Sample = append(b.to.Sample, s)
}

// location returns that of a layer. The lines of a layer that has no ops of its own are not
// known.
func (b *pprofBuilder) location(path, file string, line int) *profile.Location {
	l := b.functions[path]
	if l == nil {
		id := uint64(len(b.functions) + 1)
		f := &profile.Function{ID: id, Name: path, SystemName: path}
		l = &profile.Location{ID: id, Line: []profile.Line{{Function: f}}}
		b.functions[path] = l
		b.to.Function, b.to.Location = append(b.to.Function, f), append(b.to.Location, l)
	}
	if file != "" {
		l.Line[0].Function.Filename, l.Line[0].Line = file, int64(line)
	}
	return l
}
