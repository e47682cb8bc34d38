package generation

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"euryale/layers/graph"
	"euryale/models"
)

// chunkLengths are the chunk sizes for reading a single prompt: few graphs. Products skip what is padded.
var chunkLengths = []int{1, 8, 64, 256}

// Prompts read side by side have groupRows sequences. Their chunks are multiples of groupStep
// tokens, up to groupChunk. Products skip what is padded; the rest costs about a sixteenth of them. Each
// prompt that is read alone costs as much as weightRows rows more, since the weights are read again.
const (
	groupRows  = 8
	groupStep  = 8
	groupChunk = 64
	weightRows = 8
)

// Begin empties sequence i and reads a prompt.
func (r *reader) Begin(i int, p Prompt) ([]float32, error) {
	return r.BeginAll([]int{i}, []Prompt{p})
}

// BeginAll empties sequences and reads their prompts side by side. Equal prompts are read once,
// and so is what all of them begin with.
func (r *reader) BeginAll(seqs []int, prompts []Prompt) ([]float32, error) {
	if len(seqs) != len(prompts) {
		return nil, fmt.Errorf("%d sequences for %d prompts", len(seqs), len(prompts))
	}
	prompts = slices.Clone(prompts)
	for j := range prompts {
		prompts[j].Tokens = r.fitting(prompts[j].Tokens)
	}
	first, distinct := firsts(prompts)
	if err := r.one.share(prompts, distinct); err != nil {
		return nil, err
	}
	v := r.model.Common().Vocab
	r.begun = slices.Grow(r.begun[:0], len(prompts)*v)[:len(prompts)*v]
	groups, singles := r.one.plan(prompts, distinct)
	for _, g := range groups {
		if err := r.beginGroup(g, seqs, prompts); err != nil {
			return nil, err
		}
	}
	for _, j := range singles {
		logits, err := r.one.begin(prompts[j])
		if err == nil && r.one != r {
			err = r.take(seqs[j], r.one, 0)
		}
		if err != nil {
			return nil, err
		}
		copy(r.begun[j*v:], logits)
	}
	for j, f := range first {
		if f == j {
			continue
		}
		if err := r.Copy(seqs[j], seqs[f]); err != nil {
			return nil, err
		}
		copy(r.begun[j*v:(j+1)*v], r.begun[f*v:])
	}
	return r.begun, nil
}

// fitting returns the tokens of a prompt that a sequence holds: the end of a longer one.
func (r *reader) fitting(ids []int) []int {
	if room := r.Room(); room > 0 && len(ids) > room {
		return ids[len(ids)-room:]
	}
	return ids
}

// firsts returns, for each prompt, the index of the first one that equals it, and those indices
// without repetitions.
func firsts(prompts []Prompt) (first, distinct []int) {
	known := map[string]int{}
	for j, p := range prompts {
		key := fmt.Sprint(p.Tokens, p.Source)
		if _, ok := known[key]; !ok {
			known[key] = j
			distinct = append(distinct, j)
		}
		first = append(first, known[key])
	}
	return first, distinct
}

// take makes sequence i what sequence j of another reader holds.
func (r *reader) take(i int, from *reader, j int) error {
	mem, err := r.memory()
	if err != nil {
		return err
	}
	r.text[i] = append(r.text[i][:0], from.text[j]...)
	return mem.Copy(i, from.mem, j)
}

// plan divides prompts into groups that are read side by side, each of prompts of similar
// lengths, and those that are read one by one because that computes fewer rows.
func (r *reader) plan(prompts []Prompt, distinct []int) (groups [][]int, singles []int) {
	rest := map[int]int{}
	for _, j := range distinct {
		rest[j] = len(prompts[j].Tokens) - r.known(prompts[j])
	}
	left := slices.SortedFunc(slices.Values(distinct), func(a, b int) int { return cmp.Or(cmp.Compare(rest[b], rest[a]), cmp.Compare(a, b)) })
	for len(left) > 0 {
		g := left[:min(groupRows, len(left))]
		alone, together := 0, groupRows*roundUp(rest[g[0]], groupStep)/16
		for _, j := range g {
			alone, together = alone+rest[j]+weightRows, together+rest[j]
		}
		if len(g) > 1 && together <= alone {
			groups, left = append(groups, g), left[len(g):]
		} else { // the longest is read by itself
			singles, left = append(singles, g[0]), left[1:]
		}
	}
	return groups, singles
}

// singleChunk returns the size of the first chunk of n tokens that are read alone.
func singleChunk(n int) int {
	for _, t := range chunkLengths {
		if n <= t {
			return t
		}
	}
	return chunkLengths[len(chunkLengths)-1]
}

func roundUp(n, step int) int { return (n + step - 1) / step * step }

// beginGroup reads the prompts with the indices in g, at most groupRows, side by side.
func (r *reader) beginGroup(g []int, seqs []int, prompts []Prompt) error {
	longest := 0
	for _, j := range g {
		longest = max(longest, len(prompts[j].Tokens))
	}
	group, err := r.one.groupOf(longest)
	if err != nil {
		return err
	}
	rests := make([][]int, groupRows)
	sources := padding(groupRows * r.source)
	for at, j := range g {
		p := prompts[j]
		if err := r.checkSource(p.Source); err != nil {
			return err
		}
		copy(sources[at*r.source:], p.Source)
		if rests[at], err = r.one.enter(group, at, p); err != nil {
			return err
		}
	}
	if r.source > 0 {
		if err := group.encode(sources); err != nil {
			return err
		}
	}
	v := r.model.Common().Vocab
	err = group.readRests(rests, func(at int, logits []float32) { copy(r.begun[g[at]*v:(g[at]+1)*v], logits) })
	for at, j := range g {
		if err == nil {
			err = r.take(seqs[j], group, at)
		}
	}
	return err
}

// groupOf returns the reader of a group, with memory for prompts of n tokens. It is made anew
// for longer prompts than ever before.
func (r *reader) groupOf(n int) (*reader, error) {
	if r.group != nil && (r.Room() == 0 || r.group.capacity >= n) {
		return r.group, nil
	}
	g, err := newReader(r.model, r.weights, groupRows, r)
	if err != nil {
		return nil, err
	}
	g.capacity = groupChunk
	for g.capacity < n {
		g.capacity *= 2
	}
	g.capacity = min(g.capacity, r.capacity)
	if _, err := g.memory(); err != nil {
		return nil, err
	}
	r.group = g
	return g, nil
}

// readRests reads tokens into the sequences of a group, in chunks, and calls done with the logits
// that follow the last token of each.
func (r *reader) readRests(rests [][]int, done func(seq int, logits []float32)) error {
	v := r.model.Common().Vocab
	for {
		longest := 0
		for _, ids := range rests {
			longest = max(longest, len(ids))
		}
		if longest == 0 {
			return nil
		}
		t := r.inMemory(min(roundUp(longest, groupStep), groupChunk))
		p, err := r.decoder(frame{t: t})
		if err != nil {
			return err
		}
		ids := padding(len(rests) * t)
		for i := range rests {
			copy(ids[i*t:(i+1)*t], rests[i])
		}
		if err := p.Run(graph.Feed{Tokens: ids}); err != nil {
			return err
		}
		r.append(ids, t)
		logits := p.Value("logits")
		for i := range rests {
			n := min(t, len(rests[i]))
			if n > 0 && n == len(rests[i]) {
				done(i, logits[i*v:(i+1)*v])
			}
			rests[i] = rests[i][n:]
		}
	}
}

// inMemory returns t, or the tokens that a sequence of the memory holds if they are fewer.
func (r *reader) inMemory(t int) int {
	if room := r.mem.Capacity(); room > 0 {
		return min(t, room)
	}
	return t
}

// begin empties the only sequence and reads a prompt.
func (r *reader) begin(p Prompt) ([]float32, error) {
	if err := r.checkSource(p.Source); err != nil {
		return nil, err
	}
	rest, err := r.enter(r, 0, p)
	if err != nil {
		return nil, err
	}
	if r.source > 0 {
		ids := padding(r.source)
		copy(ids, p.Source)
		if err := r.encode(ids); err != nil {
			return nil, err
		}
	}
	return r.prompt(rest)
}

// checkSource returns an error if the model cannot read a source.
func (r *reader) checkSource(source []int) error {
	switch {
	case r.source == 0:
		return nil
	case len(source) > r.source:
		return fmt.Errorf("the source has %d tokens, and the model reads %d: shorten it", len(source), r.source)
	case len(source) == 0:
		return errors.New("the model reads a source, and there is none: give it a text")
	}
	return nil
}

// encode reads the sources (B·S) of the sequences.
func (r *reader) encode(sources []int) error {
	if r.encoder == nil {
		p, err := models.Encode(r.model, r.weights, graph.Frame{B: len(r.text), S: r.source, Memory: r.mem})
		if err != nil {
			return err
		}
		r.encoder = p
	}
	return r.encoder.Run(graph.Feed{Source: sources})
}

// prompt reads ids into the only sequence and returns the logits of what follows.
func (r *reader) prompt(ids []int) ([]float32, error) {
	var logits []float32
	for len(ids) > 0 {
		t := r.inMemory(singleChunk(len(ids)))
		n := min(t, len(ids))
		p, err := r.decoder(frame{t: t})
		if err != nil {
			return nil, err
		}
		r.tokens = append(r.tokens[:0], ids[:n]...)
		for len(r.tokens) < t {
			r.tokens = append(r.tokens, -1)
		}
		if err := p.Run(graph.Feed{Tokens: r.tokens}); err != nil {
			return nil, err
		}
		r.append(r.tokens, t)
		logits, ids = p.Value("logits"), ids[n:]
	}
	return logits, nil
}
