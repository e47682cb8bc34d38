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
	one      *reader       // of one sequence, which reads prompts: the reader itself if B is 1
	mem      *graph.Memory // nil until it is needed, if B is not 1
	source   int           // tokens of a source, at most; 0: the model reads none
	encoder  *models.Program
	decoders map[int]*models.Program // by the tokens of each sequence that they read
	scorers  map[int]*models.Program
	text     [][]int // what each sequence holds
	tokens   []int
}

// chunkLengths are the chunk sizes for reading prompts: few graphs, little padding.
var chunkLengths = []int{1, 8, 64}

// newReader returns a reader of so many sequences. Prompts are read by one, or, if it is
// nil, by a reader of one sequence that newReader makes.
func newReader(m models.Model, w *graph.Weights, sequences int, one *reader) (r *reader, err error) {
	r = &reader{model: m, weights: w, one: one, source: models.SourceOf(m), text: make([][]int, sequences),
		decoders: map[int]*models.Program{}, scorers: map[int]*models.Program{}}
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
		r.mem, err = models.NewMemory(r.model, r.weights, len(r.text), r.model.Common().Context, r.source)
	}
	return r.mem, err
}

// decoder returns the program that reads t tokens in each sequence.
func (r *reader) decoder(t int) (*models.Program, error) {
	if p := r.decoders[t]; p != nil {
		return p, nil
	}
	mem, err := r.memory()
	if err != nil {
		return nil, err
	}
	p, err := models.Decode(r.model, r.weights, graph.Frame{B: len(r.text), T: t, S: r.source, Memory: mem})
	if err != nil {
		return nil, err
	}
	r.decoders[t] = p
	return p, nil
}

// Room returns the most tokens that a sequence holds, or 0 if there is no limit.
func (r *reader) Room() int { return r.one.mem.Capacity() }

// Len returns how many tokens sequence i holds.
func (r *reader) Len(i int) int { return len(r.text[i]) }

// Begin empties sequence i and reads a prompt.
func (r *reader) Begin(i int, p Prompt) ([]float32, error) {
	logits, err := r.one.begin(p)
	if err != nil || r.one == r {
		return logits, err
	}
	return logits, r.takeFromOne(i)
}

// takeFromOne makes sequence i what the reader of one sequence holds.
func (r *reader) takeFromOne(i int) error {
	mem, err := r.memory()
	if err != nil {
		return err
	}
	r.text[i] = append(r.text[i][:0], r.one.text[0]...)
	return mem.Copy(i, r.one.mem, 0)
}

// begin is Begin of a reader of one sequence.
func (r *reader) begin(p Prompt) ([]float32, error) {
	r.mem.Reset(0)
	r.text[0] = r.text[0][:0]
	if r.source > 0 {
		if err := r.encode(p.Source); err != nil {
			return nil, err
		}
	}
	return r.prompt(p.Tokens)
}

// encode reads the source of the only sequence.
func (r *reader) encode(source []int) error {
	if len(source) > r.source {
		return fmt.Errorf("the source has %d tokens, and the model reads %d: shorten it", len(source), r.source)
	}
	if len(source) == 0 {
		return errors.New("the model reads a source, and there is none: give it a text")
	}
	if r.encoder == nil {
		p, err := models.Encode(r.model, r.weights, graph.Frame{B: 1, S: r.source, Memory: r.mem})
		if err != nil {
			return err
		}
		r.encoder = p
	}
	ids := padding(r.source)
	copy(ids, source)
	return r.encoder.Run(graph.Feed{Source: ids})
}

// prompt reads ids into the only sequence, which is empty, and returns the logits of what
// follows. Of more tokens than the sequence holds, the end is read.
func (r *reader) prompt(ids []int) ([]float32, error) {
	if room := r.mem.Capacity(); room > 0 && len(ids) > room {
		ids = ids[len(ids)-room:]
	}
	r.text[0] = append(r.text[0][:0], ids...)
	var logits []float32
	for len(ids) > 0 {
		t := chunkLengths[len(chunkLengths)-1]
		for _, n := range chunkLengths {
			if len(ids) <= n {
				t = n
				break
			}
		}
		if room := r.mem.Capacity(); room > 0 {
			t = min(t, room)
		}
		n := min(t, len(ids))
		p, err := r.decoder(t)
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
		logits, ids = p.Value("logits"), ids[n:]
	}
	return logits, nil
}

// Step reads one token in each sequence.
func (r *reader) Step(ids []int) ([]float32, error) {
	p, err := r.decoder(1)
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
		for i, id := range ids {
			if id >= 0 {
				r.text[i] = append(r.text[i], id)
			}
		}
		return p.Value("logits"), nil
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
	if _, err := r.one.prompt(kept); err != nil || r.one == r {
		return err
	}
	return r.takeFromOne(i)
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
	t := len(tokens) / len(r.text)
	for at, id := range tokens {
		if id >= 0 {
			r.text[at/t] = append(r.text[at/t], id)
		}
	}
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
