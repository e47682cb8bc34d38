package experiment

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"euryale/internal/kernel/parallel"
	"euryale/internal/limits"
	"euryale/layers/graph"
	"euryale/training"
)

// ProfileOptions says what Profile measures.
type ProfileOptions struct {
	Steps  int // steps that are measured; 0: 20
	WarmUp int // steps before them; 0: 3
}

// StepProfile is where the time and memory of a training step go, on average over the steps.
// In a notebook it is displayed as a flame chart.
type StepProfile struct {
	Model   string  `json:"model"`
	Steps   int     `json:"steps"`   // measured
	Tokens  int     `json:"tokens"`  // of a step
	Shards  int     `json:"shards"`  // of a batch
	Workers int     `json:"workers"` // that run shards side by side
	Seconds float64 `json:"seconds"` // of a step
	Rows    []Row   `json:"rows"`    // of layers, in the order of the forward pass, then of the rest of a step
	// Unaccounted is the share of the step's time that no row has.
	Unaccounted float64 `json:"unaccounted"`
	// PeakRate is the measured rate of products in GFLOP/s and ReadRate that of reads in GB/s, on
	// all threads.
	PeakRate float64 `json:"peak_gflops"`
	ReadRate float64 `json:"read_gb_per_s"`
	State    int     `json:"state_bytes"`       // weights, gradients and the optimizer's state
	Planned  int     `json:"activations_bytes"` // the memory plan of values and gradients
	Peak     int     `json:"peak_bytes"`        // values and gradients in use at once, at most
}

// The passes of a Row.
const (
	Forward  = "forward"
	Backward = "backward"
	Step     = "step" // what is not part of the graph
)

// Row is the part of a layer, in one pass, or of another activity. Times are shares of the step:
// shards run side by side, and the time of an op in all of them is divided by the workers.
type Row struct {
	Path    string  `json:"path"` // of the layer; "model" is the model itself
	Pass    string  `json:"pass"`
	Seconds float64 `json:"seconds"`
	Flops   float64 `json:"flops"`        // floating-point operations of products
	Bytes   float64 `json:"bytes"`        // read and written
	Memory  int     `json:"memory_bytes"` // of values, and of what ops keep for the derivative
	Live    int     `json:"live_bytes"`   // those that are in use when most are
	File    string  `json:"file"`         // that declared the layer
	Line    int     `json:"line"`
	Ops     []Op    `json:"ops"`
}

// Op is an op of a layer.
type Op struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
}

// Rate returns the rate of products in GFLOP/s.
func (r Row) Rate() float64 { return r.Flops / 1e9 / max(r.Seconds, 1e-12) }

// Profile trains a few steps of a run and returns where their time and memory go. It ends with
// the context's error when ctx ends. The run is for profiling only: its weights have changed and
// its programs have clocks.
func Profile(ctx context.Context, r *training.Run, o ProfileOptions) (*StepProfile, error) {
	m, err := r.Measure(ctx, cmp.Or(o.WarmUp, 3), cmp.Or(o.Steps, 20))
	if err != nil {
		return nil, err
	}
	p := &StepProfile{Model: r.Config.ModelName, Steps: m.Steps, Tokens: m.Tokens, Shards: m.Shards, Workers: m.Workers, Seconds: m.Step.Seconds(),
		State: m.State, Planned: m.Planned, Peak: m.Peak, PeakRate: limits.Products(), ReadRate: limits.Reads(parallel.Threads()), Rows: opRows(m.Ops)}
	for _, part := range []struct {
		name string
		time time.Duration
	}{
		{"read batches", m.Read},
		{"pack weights", m.Prepare},
		{"tape machine", m.Machine},
		{"wait for shards", m.Waiting},
		{"sum gradients", m.Sum},
		{"optimizer", m.Optimizer},
	} {
		p.Rows = append(p.Rows, Row{Path: part.name, Pass: Step, Seconds: part.time.Seconds()})
	}
	p.Unaccounted = m.Other.Seconds() / p.Seconds
	return p, nil
}

// rowsOf adds up ops by layer and pass, forward and backward of a layer one after the other.
func opRows(ops []training.OpTime) (rows []Row) {
	type key struct{ path, pass string }
	index, order := map[key]int{}, map[string]int{}
	for _, o := range ops {
		k := key{cmp.Or(o.Path, "model"), passOf(o.Origin)}
		i, known := index[k]
		if !known {
			i = len(rows)
			index[k] = i
			rows = append(rows, Row{Path: k.path, Pass: k.pass, File: o.Source.File, Line: o.Source.Line})
		}
		if _, known := order[k.path]; !known {
			order[k.path] = len(order)
		}
		r := &rows[i]
		r.Seconds += o.Time.Seconds()
		r.Flops, r.Bytes, r.Memory, r.Live = r.Flops+o.Flops, r.Bytes+o.Bytes, r.Memory+o.Memory, r.Live+o.Live
		r.Ops = append(r.Ops, Op{o.Op, o.Time.Seconds()})
	}
	slices.SortStableFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(order[a.Path], order[b.Path]), -cmp.Compare(a.Pass, b.Pass))
	})
	return rows
}

func passOf(o graph.Origin) string {
	if o.Backward {
		return Backward
	}
	return Forward
}

// total adds up rows.
func total(rows []Row) (sum Row) {
	for _, r := range rows {
		sum.Seconds += r.Seconds
		sum.Flops += r.Flops
		sum.Bytes += r.Bytes
		sum.Memory += r.Memory
		sum.Live += r.Live
	}
	return sum
}

// String returns the table of Profile in text.
func (p *StepProfile) String() string {
	return fmt.Sprintf("%s\n%s", p.head(), p.table())
}

// parent returns the path of the layer around one, or "".
func parent(path string) string { return path[:max(strings.LastIndexByte(path, '/'), 0)] }
