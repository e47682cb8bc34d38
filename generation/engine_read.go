package generation

import (
	"slices"
	"time"

	"euryale/layers/graph"
)

// intake reads the prompts of an engine's requests in pieces.
type intake interface {
	// take begins to read the prompt of a job, of so many that wait, and reports whether it did: not if
	// there is no room, or if a prompt that begins alike is being read.
	take(j *job, waiting int) (bool, error)
	// read reads a piece, and returns the jobs whose prompts are complete and how many tokens it read.
	read() (ready []*job, tokens int, err error)
	// move makes sequence i of the batch what the prompt of a job left.
	move(j *job, i int) error
	// keep keeps the state of sequence i of the batch for prompts that continue its text.
	keep(i int)
	// drop removes the jobs that are over, and returns them.
	drop(now time.Time) []*job
	// all returns the jobs whose prompts are being read.
	all() []*job
	empty() bool
}

// slots are the jobs of an intake, nil where there is none.
type slots []*job

func (s slots) all() (jobs []*job) {
	for _, j := range s {
		if j != nil {
			jobs = append(jobs, j)
		}
	}
	return jobs
}

func (s slots) empty() bool {
	return !slices.ContainsFunc(s, func(j *job) bool { return j != nil })
}

func (s slots) drop(now time.Time) (gone []*job) {
	for i, j := range s {
		if j != nil && j.over(now) {
			gone = append(gone, j)
			s[i] = nil
		}
	}
	return gone
}

// newIntake returns the intake of an engine over a stepper.
func newIntake(g *Generator, s Stepper) (intake, error) {
	to, ok := s.(*reader)
	if !ok {
		one, err := NewStepper(g.Model, g.Weights, 1)
		return &wholePrompts{slots: make(slots, 1), gen: g, to: s, one: one}, err
	}
	p := &pieces{slots: make(slots, 1+groupRows), gen: g, to: to, states: states{most: keptContexts * to.capacity}}
	var err error
	if p.solo, err = newReader(g.Model, g.Weights, 1, nil); err != nil {
		return nil, err
	}
	if p.group, err = newReader(g.Model, g.Weights, groupRows, p.solo); err != nil {
		return nil, err
	}
	if _, err = p.group.memory(); err == nil {
		_, err = to.memory()
	}
	return p, err
}

const (
	keptContexts = 8   // contexts of tokens whose states are kept
	aloneTokens  = 64  // most tokens of a piece of one prompt
	pieceTokens  = 128 // most tokens, without padding, of a piece of several prompts
)

// pieces reads the prompts of a graph model: slot 0 those that are read alone, the others side by side.
type pieces struct {
	slots
	gen         *Generator
	to          *reader // the batch
	solo, group *reader
	states      states
}

// take prefers the reader of one sequence for a prompt that waits alone. Scores and sources need it.
func (p *pieces) take(j *job, waiting int) (bool, error) {
	alone := j.scorer != nil || p.solo.source > 0
	var from *prefix
	known := 0
	if !alone {
		from, known = p.states.find(j.Prompt.Tokens)
		for _, other := range p.all() {
			if shared(other.Prompt.Tokens, j.Prompt.Tokens)-known >= leastShared {
				return false, nil // it will be known
			}
		}
	}
	first, last := 0, len(p.slots)
	if alone {
		last = 1
	} else if waiting > 1 || p.slots[0] != nil {
		first = 1
	}
	at := slices.IndexFunc(p.slots[first:last], func(j *job) bool { return j == nil })
	if at < 0 {
		return false, nil
	}
	j.slot = first + at
	r, i := p.reader(j)
	var err error
	if j.unread, err = r.enterAfter(from, known, i, j.Prompt.Tokens); err != nil {
		return false, err
	}
	p.slots[j.slot], j.response.Cached = j, known
	return true, p.encode(j)
}

// encode reads the source of a job.
func (p *pieces) encode(j *job) error {
	if p.solo.source == 0 {
		return nil
	}
	ids := padding(p.solo.source)
	copy(ids, j.Prompt.Source)
	return p.solo.encode(ids)
}

// reader returns the reader of a job's slot, and the sequence.
func (p *pieces) reader(j *job) (r *reader, i int) {
	if j.slot == 0 {
		return p.solo, 0
	}
	return p.group, j.slot - 1
}

func (p *pieces) read() (ready []*job, tokens int, err error) {
	if j := p.slots[0]; j != nil {
		n, err := p.readAlone(j)
		if err != nil {
			return nil, 0, err
		}
		tokens += n
	}
	n, err := p.readGroup()
	if err != nil {
		return nil, 0, err
	}
	for i, j := range p.slots {
		if j == nil || len(j.unread) > 0 {
			continue
		}
		r, seq := p.reader(j)
		if p.solo.source == 0 {
			p.states.add(r, seq)
		}
		ready, p.slots[i] = append(ready, j), nil
	}
	return ready, tokens + n, nil
}

// readAlone reads a piece of the prompt in slot 0.
func (p *pieces) readAlone(j *job) (n int, err error) {
	t := p.solo.inMemory(singleChunk(min(len(j.unread), aloneTokens)))
	n = min(t, len(j.unread))
	ids := padding(t)
	copy(ids, j.unread[:n])
	logits, err := p.solo.run(frame{t: t, all: j.scorer != nil}, ids)
	if err != nil {
		return 0, err
	}
	v := p.gen.Model.Common().Vocab
	if j.scorer != nil {
		if j.failed = j.score(p.gen, len(j.Prompt.Tokens)-len(j.unread), n, logits); j.failed != nil {
			j.unread = nil
			return n, nil
		}
		logits = logits[(n-1)*v:]
	}
	if j.unread = j.unread[n:]; len(j.unread) == 0 {
		j.logits = append(j.logits[:0], logits[:v]...)
	}
	return n, nil
}

// readGroup reads a piece of the prompts that are read side by side.
func (p *pieces) readGroup() (tokens int, err error) {
	group := p.slots[1:]
	longest, active := 0, 0
	for _, j := range group {
		if j != nil {
			longest, active = max(longest, len(j.unread)), active+1
		}
	}
	if active == 0 {
		return 0, nil
	}
	t := groupStep
	for t < groupChunk && t < longest && 2*t*active <= pieceTokens {
		t *= 2
	}
	t = p.group.inMemory(t)
	ids := padding(groupRows * t)
	for i, j := range group {
		if j != nil {
			copy(ids[i*t:(i+1)*t], j.unread)
		}
	}
	logits, err := p.group.run(frame{t: t}, ids)
	if err != nil {
		return 0, err
	}
	v := p.gen.Model.Common().Vocab
	for i, j := range group {
		if j == nil {
			continue
		}
		n := min(t, len(j.unread))
		tokens += n
		if j.unread = j.unread[n:]; len(j.unread) == 0 {
			j.logits = append(j.logits[:0], logits[i*v:(i+1)*v]...)
		}
	}
	return tokens, nil
}

func (p *pieces) move(j *job, i int) error {
	from, seq := p.reader(j)
	return p.to.take(i, from, seq)
}

// keep keeps the state of sequence i, unless the beginning of its text was dropped.
func (p *pieces) keep(i int) {
	if p.solo.source == 0 && p.to.mem.Length(i) == len(p.to.text[i]) {
		p.states.add(p.to, i)
	}
}

// run reads ids (B·T) and returns the logits of a frame.
func (r *reader) run(f frame, ids []int) ([]float32, error) {
	p, err := r.decoder(f)
	if err != nil {
		return nil, err
	}
	if err := p.Run(graph.Feed{Tokens: ids}); err != nil {
		return nil, err
	}
	r.append(ids, f.t)
	return p.Value("logits"), nil
}
