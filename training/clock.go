package training

import (
	"sync"
	"time"

	"euryale/data"
)

// clock measures the parts of updates. It stands around a run's batches, shards and optimizer,
// so that the code of an update is the same with and without it.
type clock struct {
	mu   sync.Mutex
	mark time.Time // end of the last part
	ran  bool      // the last part was a run of the shards

	read, prepare, run, sum, update time.Duration // update is the optimizer's time
	busy                            time.Duration // of all shards' runs
	started, ended                  int           // shards of the run in progress
	begun                           time.Time
}

// reset forgets what was measured.
func (c *clock) reset() {
	c.read, c.prepare, c.run, c.sum, c.update, c.busy = 0, 0, 0, 0, 0, 0
}

// around returns the function that runs a shard of p, which a clock measures.
func (c *clock) around(p *replica) func(i int) {
	if c == nil {
		return p.runShard
	}
	return func(i int) {
		start := c.begin()
		p.runShard(i)
		c.end(start, len(p.shards))
	}
}

// begin records the start of a shard's run.
func (c *clock) begin() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if c.started == 0 {
		if gap := now.Sub(c.mark); c.ran {
			c.sum += gap
		} else {
			c.prepare += gap
		}
		c.begun = now
	}
	c.started++
	return now
}

// end records the end of a shard's run, one of so many.
func (c *clock) end(start time.Time, shards int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	c.busy += now.Sub(start)
	if c.ended++; c.ended == shards {
		c.run += now.Sub(c.begun)
		c.mark, c.ran, c.started, c.ended = now, true, 0, 0
	}
}

// timedBatches measures the reading of batches.
type timedBatches struct {
	data.Batcher
	clock *clock
}

// Batch reads batch n.
func (b timedBatches) Batch(n int, to *data.Batch) error {
	start := time.Now()
	err := b.Batcher.Batch(n, to)
	b.clock.mark, b.clock.ran = time.Now(), false
	b.clock.read += b.clock.mark.Sub(start)
	return err
}

// timedOptimizer measures the updates of the parameters.
type timedOptimizer struct {
	Optimizer
	clock *clock
}

// Update updates the parameters.
func (o timedOptimizer) Update(u Update) {
	start := time.Now()
	o.clock.sum += start.Sub(o.clock.mark)
	o.Optimizer.Update(u)
	o.clock.update += time.Since(start)
}
