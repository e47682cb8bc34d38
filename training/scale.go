package training

import (
	"errors"
	"time"
)

// Scale predicts the time of an update on several machines from a measurement on one. All
// machines are taken to be alike, each with one rank; each sends and receives at the rate of
// its link at once.
type Scale struct {
	Config    Config
	Values    int           // of the parameters
	State     int           // bytes of weights, the optimizer's state, and sums of gradients, on one rank
	Sequence  time.Duration // of the forward and backward pass of one sequence, with all threads
	Sum       time.Duration // of adding the gradients of one shard
	Optimizer time.Duration // of the optimizer's update of all values
	Shard     int           // bytes of the values and gradients of one shard
	Link      float64       // bytes per second
	Latency   time.Duration // of a message
}

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
// ScaleConfig(c), with links of so many bytes per second and this latency.
func NewScale(c Config, m *Measurement, values int, link float64, latency time.Duration) (*Scale, error) {
	if !(link > 0) || latency < 0 {
		return nil, errors.New("a link needs a rate above 0 and a latency of 0 or more")
	}
	passes := m.Step - m.Sum - m.Optimizer
	sequences := ScaleConfig(c, m.Shards).Training.Batch
	return &Scale{Config: c, Values: values, State: m.State, Sequence: passes / time.Duration(sequences), Sum: m.Sum / time.Duration(m.Shards),
		Optimizer: m.Optimizer, Shard: m.Planned / m.Shards, Link: link, Latency: latency}, nil
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
	weights := 4 * s.Values
	p.Memory = weights + (s.State-weights)/n + s.shards(n)*s.Shard
	return p
}

// shards returns those of a batch that the rank with the most has.
func (s *Scale) shards(n int) int { return (s.MaxRanks() + n - 1) / n }

// parts returns the time of computing and of communicating. For each batch of an update a rank
// computes its shards, sends their gradients to the ranks that sum them, and receives as many;
// after the update it receives the values of all others.
func (s *Scale) parts(n int) (compute, communicate time.Duration) {
	t := s.Config.Training
	all := s.MaxRanks()
	sequences := float64(t.Batch) * float64(s.shards(n)) / float64(all)
	batch := sequences*s.Sequence.Seconds() + float64(all)*s.Sum.Seconds()/float64(n)
	compute = seconds(float64(t.Accumulate)*batch + s.Optimizer.Seconds()/float64(n))
	if n == 1 {
		return compute, 0
	}
	others := float64(n-1) / float64(n)
	sent := 4 * float64(s.Values) * others * float64(s.shards(n)*t.Accumulate)
	gathered := 4 * float64(s.Values) * others
	messages := float64((n - 1) * (t.Accumulate + 1))
	return compute, seconds((sent+gathered)/s.Link + messages*s.Latency.Seconds())
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
