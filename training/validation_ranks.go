package training

import (
	"euryale/internal/ranks"
)

// part returns which of the shards of a batch are those of this rank: [from, to).
func (e *evaluator) part(shards int) (from, to int) {
	return ranks.Part(ranks.Ends(shards, e.group.Size()), e.group.Rank())
}

// sequences returns the ends of the ranks' sequences in a batch of n.
func (e *evaluator) sequences(n int) []int {
	cuts := cut(n, e.config.Training.Shards)
	ends := ranks.Ends(len(cuts), e.group.Size())
	for r, end := range ends {
		if end > 0 {
			ends[r] = cuts[end-1]
		}
	}
	return ends
}

// limit has the next batch read the sequences of this rank only. A rank without any reads one.
func (e *evaluator) limit() {
	if e.group.Size() == 1 || e.stepper != nil {
		return
	}
	from, to := ranks.Part(e.sequences(e.config.Training.Batch), e.group.Rank())
	e.batch.From, e.batch.To = from, max(to, 1)
}

// share gives all ranks the losses of the batch, of which each has computed those of its shards, and
// returns their sum, in the order of the sequences, and the number of targets. An error of one rank
// is one of all.
func (e *evaluator) share(shards []shard, failed error) (sum float64, targets int, err error) {
	if err := ranks.Agree(e.group, failed); err != nil {
		return 0, 0, err
	}
	b, ends := &e.batch, e.sequences(e.batch.B)
	if len(e.losses) != b.B*b.T {
		e.losses = make([]float32, b.B*b.T)
	}
	for _, s := range shards {
		copy(e.losses[s.from*b.T:], s.Value("losses"))
	}
	from, to := ranks.Part(ends, e.group.Rank())
	for _, id := range b.Targets[from*b.T : to*b.T] {
		if id >= 0 {
			targets++
		}
	}
	for r := range ends {
		ends[r] *= b.T
	}
	if err := ranks.AllGather(e.group, e.losses, ends); err != nil {
		return 0, 0, err
	}
	for _, l := range e.losses {
		sum += float64(l)
	}
	counts := []int64{int64(targets)}
	err = ranks.AllReduce(e.group, counts, ranks.Sum)
	return sum, int(counts[0]), err
}
