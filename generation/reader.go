package generation

import (
	"errors"
	"fmt"
	"slices"

	"euryale/layers/graph"
	"euryale/models"
)

// reader is the Stepper of a graph model: it runs decoding programs over a memory.
type reader struct {
	model    models.Model
	weights  *graph.Weights
	one      *reader       // of one sequence, which reads single prompts: the reader itself if B is 1
	group    *reader       // of groupRows sequences, which reads prompts side by side; made when one first needs it
	prefix   *prefix       // what prompts begin with, in one; nil: nothing is known
	mem      *graph.Memory // nil until it is needed, if B is not 1
	capacity int           // tokens of a sequence for which mem has rows
	source   int           // tokens of a source, at most; 0: the model reads none
	encoder  *models.Program
	decoders map[frame]*models.Program
	scorers  map[int]*models.Program
	text     [][]int // what each sequence holds
	tokens   []int
	begun    []float32 // logits that BeginAll returns
}

// frame says which decoding program: that of t tokens in each sequence, with logits after the
// last token or after all.
type frame struct {
	t   int
	all bool
}

// newReader returns a reader of so many sequences. Prompts are read by one, or, if it is
// nil, by a reader of one sequence that newReader makes.
func newReader(m models.Model, w *graph.Weights, sequences int, one *reader) (r *reader, err error) {
	r = &reader{model: m, weights: w, one: one, source: models.SourceOf(m), capacity: m.Common().Context, text: make([][]int, sequences),
		decoders: map[frame]*models.Program{}, scorers: map[int]*models.Program{}}
	switch {
	case sequences == 1:
		r.one = r
		_, err = r.memory()
	case one == nil:
		r.one, err = newReader(m, w, 1, nil)
	}
	return r, err
}

// memory returns the reader's memory, which is made when it is first needed: to score
// texts side by side takes none.
func (r *reader) memory() (mem *graph.Memory, err error) {
	if r.mem == nil {
		r.mem, err = models.NewMemory(r.model, r.weights, len(r.text), r.capacity, r.source)
	}
	return r.mem, err
}

// decoder returns the program of a frame.
func (r *reader) decoder(f frame) (*models.Program, error) {
	if p := r.decoders[f]; p != nil {
		return p, nil
	}
	mem, err := r.memory()
	if err != nil {
		return nil, err
	}
	p, err := models.Decode(r.model, r.weights, graph.Frame{B: len(r.text), T: f.t, S: r.source, Memory: mem, Whole: f.all})
	if err != nil {
		return nil, err
	}
	r.decoders[f] = p
	return p, nil
}

// Room returns the most tokens that a sequence holds, or 0 if there is no limit.
func (r *reader) Room() int { return r.one.mem.Capacity() }

// Len returns how many tokens sequence i holds.
func (r *reader) Len(i int) int { return len(r.text[i]) }

// Step reads one token in each sequence.
func (r *reader) Step(ids []int) ([]float32, error) {
	p, err := r.decoder(frame{t: 1})
	if err != nil {
		return nil, err
	}
	for {
		err := p.Run(graph.Feed{Tokens: ids})
		var full *graph.FullError
		if errors.As(err, &full) {
			if err := r.slide(full.Sequence); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		r.append(ids, 1)
		return p.Value("logits"), nil
	}
}

// Read reads several tokens in each sequence.
func (r *reader) Read(ids []int) ([]float32, error) {
	t := len(ids) / len(r.text)
	if t == 0 || len(ids)%len(r.text) != 0 {
		return nil, fmt.Errorf("%d tokens for %d sequences: want as many for each", len(ids), len(r.text))
	}
	p, err := r.decoder(frame{t: t, all: true})
	if err != nil {
		return nil, err
	}
	if err := p.Run(graph.Feed{Tokens: ids}); err != nil {
		return nil, err
	}
	r.append(ids, t)
	return p.Value("logits"), nil
}

// append appends the tokens that a run has read, t in each sequence, to what the sequences hold.
func (r *reader) append(ids []int, t int) {
	for at, id := range ids {
		if id >= 0 {
			r.text[at/t] = append(r.text[at/t], id)
		}
	}
}

// slide makes room in sequence i: its newer half is read again, by the reader of one
// sequence so that the others are not disturbed.
func (r *reader) slide(i int) error {
	kept := slices.Clone(r.text[i][len(r.text[i])-r.mem.Capacity()/2:])
	if r.one != r { // for the source
		if err := r.one.mem.Copy(0, r.mem, i); err != nil {
			return err
		}
	}
	if err := r.one.mem.Truncate(0, 0); err != nil {
		return err
	}
	r.one.text[0] = r.one.text[0][:0]
	if _, err := r.one.prompt(kept); err != nil || r.one == r {
		return err
	}
	return r.take(i, r.one, 0)
}

// Truncate makes sequence i keep its first n tokens.
func (r *reader) Truncate(i, n int) error {
	mem, err := r.memory()
	if err != nil {
		return err
	}
	if err := mem.Truncate(i, n); err != nil {
		return err
	}
	r.text[i] = r.text[i][:n]
	return nil
}

// Copy makes sequence dst a copy of sequence src.
func (r *reader) Copy(dst, src int) error {
	mem, err := r.memory()
	if err != nil || dst == src {
		return err
	}
	r.text[dst] = append(r.text[dst][:0], r.text[src]...)
	return mem.Copy(dst, mem, src)
}

// Reorder makes each sequence i what sequence parents[i] was.
func (r *reader) Reorder(parents []int) error {
	mem, err := r.memory()
	if err != nil {
		return err
	}
	old := r.text
	r.text = make([][]int, len(parents))
	for i, p := range parents {
		r.text[i] = slices.Clone(old[p])
	}
	return mem.Reorder(parents)
}

// NLL returns the sum of the losses of targets after tokens.
func (r *reader) NLL(tokens, targets []int) (nll float64, err error) {
	p, err := r.scorer(len(tokens) / len(r.text))
	if err != nil {
		return 0, err
	}
	if err := p.Run(graph.Feed{Tokens: tokens, Targets: targets}); err != nil {
		return 0, err
	}
	for _, l := range p.Value("losses") {
		nll += float64(l)
	}
	if p.Frame().Memory == nil {
		return nll, nil
	}
	r.append(tokens, len(tokens)/len(r.text))
	return nll, nil
}

// scorer returns the program that computes the losses of t tokens in each sequence: with
// the reader's memory if it has no limit.
func (r *reader) scorer(t int) (p *models.Program, err error) {
	if p := r.scorers[t]; p != nil {
		return p, nil
	}
	f := graph.Frame{B: len(r.text), T: t, S: r.source}
	if r.Room() == 0 {
		if f.Memory, err = r.memory(); err != nil {
			return nil, err
		}
	}
	if p, err = models.Score(r.model, r.weights, f); err == nil {
		r.scorers[t] = p
	}
	return p, err
}
