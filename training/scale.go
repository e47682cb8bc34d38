package training

import (
	"errors"
	"math"
	"time"

	"euryale/layers/graph"
)

// Scale predicts the time of an update on several machines from a measurement on one. All
// machines are taken to be alike, each with one rank; each sends and receives at the rate of
// its link at once.
type Scale struct {
	Config    Config
	Params    []*graph.Param
	Sequence  time.Duration // of the forward and backward pass of one sequence, with all threads
	Backward  float64       // share of the backward pass in it
	Together  int           // shards that a rank runs at once
	Sum       time.Duration // of adding the gradients of one shard
	Optimizer time.Duration // of the optimizer's update of all values
	Shard     int           // bytes of the values and gradients of one shard
	Link      float64       // bytes per second
	Latency   time.Duration // of a message
	Copy      float64       // bytes per second that a rank copies to and from what it exchanges
}

// copyRate is assumed: bytes per second that one core copies through memory.
const copyRate = 5e9

// Prediction is one of Scale's.
type Prediction struct {
	Ranks       int
	Step        time.Duration // of an update
	Communicate time.Duration // part of Step: what the backward pass does not hide
	Efficiency  float64       // speed by that of one rank, divided by the ranks
	Memory      int           // bytes on each rank
	Tokens      float64       // per second
}

// ScaleConfig returns the configuration whose measurement Scale is made from: one shard of the
// size that c has for each of so many threads. It takes less time and memory than c does.
func ScaleConfig(c Config, threads int) Config {
	shards := min(c.Training.Shards, c.Training.Batch)
	sequences := (c.Training.Batch + shards - 1) / shards
	c.Training.Shards = min(shards, threads)
	c.Training.Batch = c.Training.Shards * sequences
	c.Training.Accumulate = 1
	return c
}

// NewScale returns the model of costs for configuration c, from a measurement m of
// ScaleConfig(c), whose model has these parameters, with links of so many bytes per second and this
// latency.
func NewScale(c Config, m *Measurement, params []*graph.Param, link float64, latency time.Duration) (*Scale, error) {
	if !(link > 0) || latency < 0 {
		return nil, errors.New("a link needs a rate above 0 and a latency of 0 or more")
	}
	passes := m.Step - m.Sum - m.Optimizer
	sequences := ScaleConfig(c, m.Shards).Training.Batch
	return &Scale{Config: c, Params: params, Sequence: passes / time.Duration(sequences), Backward: m.backward(), Together: m.Shards,
		Sum:       m.Sum / time.Duration(m.Shards),
		Optimizer: m.Optimizer, Shard: m.Planned / m.Shards, Link: link, Latency: latency, Copy: copyRate}, nil
}

// MaxRanks is how many ranks can share the work: each has at least one shard.
func (s *Scale) MaxRanks() int { return min(s.Config.Training.Shards, s.Config.Training.Batch) }

// At predicts an update on n ranks, at most MaxRanks.
func (s *Scale) At(n int) Prediction {
	t := s.Config.Training
	compute, communicate := s.parts(n)
	p := Prediction{Ranks: n, Step: compute + communicate, Communicate: communicate}
	one, _ := s.parts(1)
	p.Efficiency = one.Seconds() / p.Step.Seconds() / float64(n)
	p.Tokens = float64(t.Batch*t.Accumulate*s.Config.Model.Common().Context) / p.Step.Seconds()
	state, _ := s.Config.stateBytes(s.Params, n) // of an optimizer that was measured
	p.Memory = int(state) + s.shards(n)*s.Shard
	return p
}

// shards returns those of a batch that the rank with the most has.
func (s *Scale) shards(n int) int { return (s.MaxRanks() + n - 1) / n }

// parts returns the time of computing and of communicating beyond that. For each batch of an update
// a rank computes its shards, sends their gradients to the ranks that sum them, and receives as many,
// from the backward pass of its last shards on; after the update it receives the values of all others.
// Both are copied once, and cut into rounds. Of numbers, ranks exchange those of targets, losses and
// squares in each update.
func (s *Scale) parts(n int) (compute, communicate time.Duration) {
	t := s.Config.Training
	all, batches := s.MaxRanks(), float64(t.Accumulate)
	passes := float64(t.Batch) * float64(s.shards(n)) / float64(all) * s.Sequence.Seconds()
	batch := passes + float64(all)*s.Sum.Seconds()/float64(n)
	compute = seconds(batches*batch + s.Optimizer.Seconds()/float64(n))
	if n == 1 {
		return compute, 0
	}
	values := countValues(s.Params)
	gradients, updated := roundSizes(values, all, n)
	others, latency := float64(n-1), s.Latency.Seconds()
	gathered := 4 * values * others / float64(n)
	sent := gathered * float64(s.shards(n))
	onWire := sent
	if t.Wire == "bf16" {
		onWire /= 2
	}
	rounds := math.Ceil(values / float64(n) / gradients)
	send := onWire/s.Link + sent/s.Copy + rounds*others*latency
	gather := gathered/s.Link + gathered/s.Copy + math.Ceil(values/float64(n)/updated)*others*latency
	numbers := (batches + 3) * math.Ceil(math.Log2(float64(n))) * latency
	return compute, seconds(batches*s.exposed(send, passes, rounds, n) + gather + numbers)
}

// exposed returns how long a rank still sends the gradients of a batch after its passes, in seconds:
// it begins after the first of so many parts of its last shards' backward pass, and has the last part
// of them to send in any case.
func (s *Scale) exposed(send, passes, rounds float64, n int) float64 {
	waves := math.Ceil(float64(s.shards(n)) / float64(max(s.Together, 1)))
	return max(send/rounds, send-s.Backward*passes/waves*(1-1/rounds))
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
