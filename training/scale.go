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
	Communicate time.Duration // part of Step
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
	return &Scale{Config: c, Params: params, Sequence: passes / time.Duration(sequences), Sum: m.Sum / time.Duration(m.Shards),
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

// parts returns the time of computing and of communicating. For each batch of an update a rank
// computes its shards, sends their gradients to the ranks that sum them, and receives as many;
// after the update it receives the values of all others. Both are copied once, and cut into rounds.
// Of numbers, ranks exchange those of targets, losses and squares in each update.
func (s *Scale) parts(n int) (compute, communicate time.Duration) {
	t := s.Config.Training
	all, batches := s.MaxRanks(), float64(t.Accumulate)
	sequences := float64(t.Batch) * float64(s.shards(n)) / float64(all)
	batch := sequences*s.Sequence.Seconds() + float64(all)*s.Sum.Seconds()/float64(n)
	compute = seconds(batches*batch + s.Optimizer.Seconds()/float64(n))
	if n == 1 {
		return compute, 0
	}
	bytes := 4 * countValues(s.Params)
	others := float64(n-1) / float64(n)
	gathered := bytes * others
	sent := gathered * float64(s.shards(n)) * batches
	copied := sent + gathered
	if t.Wire == "bf16" {
		sent /= 2
	}
	gradients, updated := roundSizes(bytes/4, all, n)
	rounds := func(size float64) float64 { return math.Ceil(bytes / 4 / float64(n) / size) }
	messages := float64(n-1)*(batches*rounds(gradients)+rounds(updated)) + (batches+3)*math.Ceil(math.Log2(float64(n)))
	return compute, seconds((sent+gathered)/s.Link + copied/s.Copy + messages*s.Latency.Seconds())
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
