package training

import (
	"context"
	"errors"
	"time"

	"euryale/internal/kernel/parallel"
	"euryale/layers/graph"
	"euryale/layers/ops"
	"euryale/models"
)

// Measurement is where the time and memory of training steps go. Times, operations and bytes are
// those of one step, on average. Shards run side by side: an op's time is its time in all shards
// divided by the number of workers, so that all times add up to the step's.
type Measurement struct {
	Steps, Tokens   int // steps measured, and tokens of one
	Shards, Workers int
	Step            time.Duration
	Ops             []OpTime
	Read            time.Duration // of batches
	Prepare         time.Duration // packing of weights
	Machine         time.Duration // Gorgonia's tape machine between ops, and the inputs of a run
	Waiting         time.Duration // of workers for the slowest shard
	Sum             time.Duration // of the shards' gradients, and their norm
	Optimizer       time.Duration
	Other           time.Duration // the rest of the step
	State           int           // bytes of weights, the optimizer's state and sums of gradients
	Planned         int           // bytes of the memory plan: all values and gradients
	Peak            int           // bytes of the values that are in use at once, at most
}

// OpTime is what one op takes in a step.
type OpTime struct {
	graph.Origin
	Source graph.Source // the line that declared its layer
	Time   time.Duration
	Flops  float64 // floating-point operations of products
	Bytes  float64 // read and written
	Memory int     // bytes of its value, and of what it keeps for the derivative
	Live   int     // those of them that are in use when most are
}

// Measure trains a few steps after others that warm up, and measures them. The run keeps its
// clocks: measure one that is not trained further.
func (r *Run) Measure(ctx context.Context, warmUp, steps int) (*Measurement, error) {
	if _, isPredictor := r.Config.Model.(models.Predictor); isPredictor {
		return nil, errors.New("the model reads the text once and has no steps: choose a model that is trained in steps")
	}
	c := &clock{}
	fresh := newReplicas(r.Config, r.Weights)
	fresh.state, fresh.clock = r.replicas.state, c
	r.replicas, r.batches = fresh, timedBatches{r.batches, c}
	r.updater.rule = timedOptimizer{r.updater.rule, c}
	m := &Measurement{Steps: steps, State: int(fresh.state)}
	var start time.Time
	for i := range warmUp + steps {
		if i == warmUp {
			fresh.resetTimes()
			start = time.Now()
		}
		s, err := r.Update()
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		m.Tokens = s.Tokens - r.tokens
		r.tokens = s.Tokens
	}
	m.Step = time.Since(start) / time.Duration(steps)
	m.collect(c, fresh)
	return m, nil
}

// resetTimes forgets the times of the warm-up.
func (r *replicas) resetTimes() {
	r.clock.reset()
	for _, rep := range r.byShape {
		for _, s := range rep.shards {
			for _, t := range s.Timings() {
				t.Time, t.Runs = 0, 0
			}
		}
	}
}

// collect sets the parts of a step from the clocks.
func (m *Measurement) collect(c *clock, r *replicas) {
	for _, rep := range r.byShape {
		m.Shards = max(m.Shards, len(rep.shards))
	}
	m.Workers = min(m.Shards, parallel.Threads())
	if w := r.settings.Workers; w > 0 {
		m.Workers = min(m.Workers, w)
	}
	each := func(d time.Duration) time.Duration { return d / time.Duration(m.Steps) }
	m.Read, m.Prepare, m.Sum, m.Optimizer = each(c.read), each(c.prepare), each(c.sum), each(c.update)
	m.Other = m.Step - m.Read - m.Prepare - m.Sum - m.Optimizer - each(c.run)
	m.Waiting = each(c.run - c.busy/time.Duration(m.Workers))
	m.Machine = each(c.busy / time.Duration(m.Workers))
	ops := opTimes{byOrigin: map[graph.Origin]*OpTime{}}
	for _, rep := range r.byShape {
		for _, s := range rep.shards {
			ops.addTimes(s.Program, m)
			m.Planned += s.Tape().PlannedBytes()
			m.Peak += ops.addMemory(s.Program)
		}
	}
	for _, o := range ops.order {
		m.Machine -= o.Time
		m.Ops = append(m.Ops, *o)
	}
}

// backward returns the share of the backward pass in the time of all ops.
func (m *Measurement) backward() float64 {
	var backward, all time.Duration
	for _, o := range m.Ops {
		all += o.Time
		if o.Backward {
			backward += o.Time
		}
	}
	return backward.Seconds() / max(all.Seconds(), 1e-9)
}

// opTimes are the ops of all shards, by the layer that they belong to.
type opTimes struct {
	byOrigin map[graph.Origin]*OpTime
	order    []*OpTime
}

func (a *opTimes) at(p *models.Program, o graph.Origin) *OpTime {
	t := a.byOrigin[o]
	if t == nil {
		t = &OpTime{Origin: o, Source: p.SourceOf(o.Path)}
		a.byOrigin[o], a.order = t, append(a.order, t)
	}
	return t
}

func (a *opTimes) addTimes(p *models.Program, m *Measurement) {
	for _, t := range p.Timings() {
		o := a.at(p, p.Origin(t.Node))
		o.Time += t.Time / time.Duration(m.Steps*m.Workers)
		runs := float64(t.Runs) / float64(m.Steps)
		o.Flops += runs * ops.FlopsOf(t.Node)
		o.Bytes += runs * ops.BytesOf(t.Node)
	}
}

// addMemory adds the memory of a program's values, and returns how much is in use at once.
func (a *opTimes) addMemory(p *models.Program) (peak int) {
	live := p.Live()
	last := 0
	for _, l := range live {
		last = max(last, l.From, l.Until)
	}
	change := make([]int, last+2)
	for _, l := range live {
		change[l.From] += l.Bytes
		change[l.Until+1] -= l.Bytes
	}
	at, now := 0, 0
	for i, c := range change {
		if now += c; now > peak {
			peak, at = now, i
		}
	}
	for _, l := range live {
		if l.Bytes == 0 {
			continue
		}
		o := a.at(p, p.Origin(l.Node))
		o.Memory += l.Bytes
		if l.From <= at && at <= l.Until {
			o.Live += l.Bytes
		}
	}
	return peak
}
