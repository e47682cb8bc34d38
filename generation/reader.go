package generation

import (
	"errors"
	"fmt"
	"slices"

	"euryale/layers/graph"
	"euryale/models"
)

// reader feeds tokens to lanes of a model's memory.
type reader struct {
	model    models.Model
	weights  *graph.Weights
	mem      *graph.Memory
	source   int
	encoder  *models.Program
	programs map[int]*models.Program // by the tokens of each lane that they read
	text     [][]int                 // what each lane has read since it was last reset
	tokens   []int
	one      *reader // of one lane, for reading a full lane's end again
}

// pieces are the lengths that prompts are read in: few graphs, little padding.
var pieces = []int{1, 8, 64}

// newReader makes memory for lanes whose sources have up to source tokens.
func newReader(m models.Model, w *graph.Weights, lanes, source int) (*reader, error) {
	mem, err := models.NewMemory(m, w, lanes, m.Common().Context, source)
	if err != nil {
		return nil, err
	}
	return &reader{model: m, weights: w, mem: mem, source: source, programs: map[int]*models.Program{}, text: make([][]int, lanes)}, nil
}

func (r *reader) program(t int) (*models.Program, error) {
	if p := r.programs[t]; p != nil {
		return p, nil
	}
	p, err := models.Decode(r.model, r.weights, graph.Frame{B: r.mem.Sequences(), T: t, S: r.source, Memory: r.mem})
	if err != nil {
		return nil, err
	}
	r.programs[t] = p
	return p, nil
}

// encode reads the source of lane 0.
func (r *reader) encode(source []int) error {
	if len(source) > r.source {
		return fmt.Errorf("the source has %d tokens, and the model reads %d: shorten it", len(source), r.source)
	}
	if len(source) == 0 {
		return errors.New("the model reads a source, and there is none: give it a text")
	}
	if r.encoder == nil {
		p, err := models.Encode(r.model, r.weights, graph.Frame{B: r.mem.Sequences(), S: r.source, Memory: r.mem})
		if err != nil {
			return err
		}
		r.encoder = p
	}
	ids := padding(r.mem.Sequences() * r.source)
	copy(ids, source)
	return r.encoder.Run(graph.Feed{Source: ids})
}

// reset makes all lanes forget everything.
func (r *reader) reset() {
	for lane := range r.text {
		r.mem.Reset(lane)
		r.text[lane] = r.text[lane][:0]
	}
}

// begin reads a prompt, and its source if the model has one, into a reader of one lane
// that has been used or not.
func (r *reader) begin(p Prompt) ([]float32, error) {
	r.reset()
	if r.source > 0 {
		if err := r.encode(p.Source); err != nil {
			return nil, err
		}
	}
	return r.prompt(p.Tokens)
}

// reorder makes lane i what lane parents[i] was.
func (r *reader) reorder(parents []int) error {
	old := make([][]int, len(parents))
	for i, p := range parents {
		old[i] = slices.Clone(r.text[p])
	}
	r.text = old
	return r.mem.Reorder(parents)
}

// prompt reads ids into lane 0 of a reader of one lane, and returns the logits of what
// follows. Of a prompt longer than the lane, the end is read.
func (r *reader) prompt(ids []int) ([]float32, error) {
	if room := r.mem.Capacity(); room > 0 && len(ids) > room {
		ids = ids[len(ids)-room:]
	}
	r.text[0] = append(r.text[0][:0], ids...)
	var logits []float32
	for len(ids) > 0 {
		t := pieces[len(pieces)-1]
		for _, n := range pieces {
			if len(ids) <= n {
				t = n
				break
			}
		}
		if room := r.mem.Capacity(); room > 0 {
			t = min(t, room)
		}
		n := min(t, len(ids))
		p, err := r.program(t)
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

// step reads one token in each lane, −1 in lanes that sit out, and returns the logits
// lane by lane. A lane that is full forgets all but the last half of its tokens, which
// are read again: what follows is as if the text had begun there.
func (r *reader) step(ids []int) ([]float32, error) {
	p, err := r.program(1)
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
		for lane, id := range ids {
			if id >= 0 {
				r.text[lane] = append(r.text[lane], id)
			}
		}
		return p.Value("logits"), nil
	}
}

// slide makes room in a lane. Its last tokens are read again by a reader of one lane, so
// that the other lanes are not disturbed, and moved in.
func (r *reader) slide(lane int) error {
	kept := slices.Clone(r.text[lane][len(r.text[lane])-r.mem.Capacity()/2:])
	one := r
	if r.mem.Sequences() > 1 {
		if err := r.besides(lane); err != nil {
			return err
		}
		one = r.one
	}
	if err := one.mem.Truncate(0, 0); err != nil {
		return err
	}
	if _, err := one.prompt(kept); err != nil {
		return err
	}
	if one == r {
		return nil
	}
	r.text[lane] = append(r.text[lane][:0], kept...)
	return r.mem.Copy(lane, one.mem, 0)
}

// besides gives the reader of one lane what a lane remembers of its source.
func (r *reader) besides(lane int) (err error) {
	if r.one == nil {
		if r.one, err = newReader(r.model, r.weights, 1, r.source); err != nil {
			return err
		}
	}
	return r.one.mem.Copy(0, r.mem, lane)
}
