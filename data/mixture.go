package data

import (
	"errors"
	"fmt"
	"hash"
	"math/rand/v2"
	"slices"
	"strings"

	"euryale/data/task"
	"euryale/data/tokenizer"
)

// mixture is the dataset of several tables, whose batches are each of one.
type mixture struct {
	parts   []*taskParts
	tags    []string
	weights []float64
}

// Parted is a Batcher of a mixture's validation or test part, whose batches are each of one corpus.
type Parted interface {
	Batcher
	PartOf(n int) string // returns the tag of the corpus that batch n is of
}

// cycleLength is after how many batches a mixture has each corpus exactly as often as its weight says, up to rounding.
const cycleLength = 1000

// mixedBatches reads batches of several corpora in a random order, which is the same in each cycle, so that the number
// of a batch determines which one it is of its corpus.
type mixedBatches struct {
	parts []Batcher
	cycle []int // the corpus of each batch
	rank  []int // how many batches of it are before, in the cycle
	count []int // by corpus, in a cycle
}

// newMixedBatches divides a cycle by weight. Each corpus has a batch of it at least.
func newMixedBatches(parts []Batcher, weights []float64, seed uint64) *mixedBatches {
	m := &mixedBatches{parts: parts, count: make([]int, len(parts))}
	sum, upTo := 0.0, 0.0
	for _, w := range weights {
		sum += w
	}
	for i, w := range weights {
		upTo += w
		n := max(1, int(cycleLength*upTo/sum+0.5)-len(m.cycle))
		m.cycle = append(m.cycle, slices.Repeat([]int{i}, n)...)
	}
	rng := rand.New(rand.NewPCG(seed, uint64(len(parts))))
	rng.Shuffle(len(m.cycle), func(i, j int) { m.cycle[i], m.cycle[j] = m.cycle[j], m.cycle[i] })
	for _, of := range m.cycle {
		m.rank = append(m.rank, m.count[of])
		m.count[of]++
	}
	return m
}

// Batch fills b with batch n.
func (m *mixedBatches) Batch(n int, b *Batch) error {
	if n < 0 {
		return fmt.Errorf("batch %d is out of range", n)
	}
	at := n % len(m.cycle)
	of := m.cycle[at]
	return m.parts[of].Batch(n/len(m.cycle)*m.count[of]+m.rank[at], b)
}

// Len returns the number of batches of a pass over each corpus.
func (m *mixedBatches) Len() (n int) {
	for _, p := range m.parts {
		n += p.Len()
	}
	return n
}

// String summarizes the batches of each corpus.
func (m *mixedBatches) String() string {
	var parts []string
	for i, p := range m.parts {
		parts = append(parts, fmt.Sprintf("%d of %d batches from %v", m.count[i], len(m.cycle), p))
	}
	return strings.Join(parts, "; ")
}

// joinedBatches are the batches of a part of several corpora, one corpus after another.
type joinedBatches struct {
	parts   []Batcher
	tags    []string
	samples []int // of each
}

// find returns the corpus of batch n, and its number there.
func (j *joinedBatches) find(n int) (of, k int) {
	for of < len(j.parts)-1 && n >= j.parts[of].Len() {
		n -= j.parts[of].Len()
		of++
	}
	return of, n
}

// Batch fills b with batch n.
func (j *joinedBatches) Batch(n int, b *Batch) error {
	of, k := j.find(n)
	if err := j.parts[of].Batch(k, b); err != nil {
		return err
	}
	before := 0
	for _, n := range j.samples[:of] {
		before += n
	}
	for seq, place := range b.Places {
		if place >= 0 {
			b.Places[seq] = place + before
		}
	}
	return nil
}

// Len returns the number of batches.
func (j *joinedBatches) Len() (n int) {
	for _, p := range j.parts {
		n += p.Len()
	}
	return n
}

// PartOf returns the tag of the corpus that batch n is of.
func (j *joinedBatches) PartOf(n int) string {
	of, _ := j.find(n)
	return j.tags[of]
}

func (m *mixture) train(batch, context int, seed uint64) (Batcher, error) {
	var parts []Batcher
	for i, p := range m.parts {
		b, err := p.train(batch, context, seed+uint64(i))
		if err != nil {
			return nil, fmt.Errorf("part %s: %w", m.tags[i], err)
		}
		parts = append(parts, b)
	}
	return newMixedBatches(parts, m.weights, seed), nil
}

// evaluate leaves out corpora without a test part, unless all are.
func (m *mixture) evaluate(part, batch, context int) (Batcher, error) {
	j := &joinedBatches{}
	for i, p := range m.parts {
		if part == task.TestPart && len(p.items[part]) == 0 {
			continue
		}
		b, err := p.batches(part, batch, context)
		if err != nil {
			return nil, fmt.Errorf("part %s: %w", m.tags[i], err)
		}
		j.parts, j.tags, j.samples = append(j.parts, b), append(j.tags, m.tags[i]), append(j.samples, b.size())
	}
	if len(j.parts) == 0 {
		return nil, errNoTest
	}
	return j, nil
}

// examples returns those of all corpora, whose sources begin with their tags.
func (m *mixture) examples(part string) ([]task.Example, error) {
	var all []task.Example
	for i, p := range m.parts {
		examples, err := p.examples(part)
		if err != nil {
			return nil, err
		}
		for _, e := range examples {
			e.Source = task.TagToken(m.tags[i]) + e.Source
			all = append(all, e)
		}
	}
	return all, nil
}

func (m *mixture) text(part, tokens int, tk tokenizer.Tokenizer) (string, error) {
	var b strings.Builder
	for _, p := range m.parts {
		text, err := p.text(part, (tokens+len(m.parts)-1)/len(m.parts), tk)
		if err != nil {
			return "", err
		}
		b.WriteString(text)
	}
	return b.String(), nil
}

func (m *mixture) hash(to hash.Hash) {
	for i, p := range m.parts {
		fmt.Fprintln(to, m.tags[i])
		p.hash(to)
	}
}

func (m *mixture) close() error {
	var err error
	for _, p := range m.parts {
		err = errors.Join(err, p.close())
	}
	return err
}

// leaks says how many held-out pairs of a corpus stand, in either direction, in the training part of another.
func leaks(parts []mixPart, tables []*task.Rows) []string {
	var notes []string
	for i, held := range tables {
		for k, trained := range tables {
			if n := held.HeldOutIn(trained); i != k && n > 0 {
				notes = append(notes, fmt.Sprintf("%d held-out pairs of %s stand in the training part of %s, in this direction or the other: give both parts one key column (key=), so that they are split alike",
					n, parts[i].tag, parts[k].tag))
			}
		}
	}
	return notes
}
