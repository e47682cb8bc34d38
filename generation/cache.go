package generation

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"euryale/internal/runfile"
	"euryale/models"
)

// Metadata of a file of SavePrefix.
const (
	cacheFormat  = "euryale-prefix"
	cacheVersion = 1
	cacheTokens  = "tokens" // the tensor of the ids; states have the prefix "state/"
	cacheState   = "state/"
)

// Prefix has the model read tokens that prompts begin with, and keeps its state after them: such prompts,
// read later, are read from there.
func (g *Generator) Prefix(tokens []int) error {
	r, err := g.prefixReader()
	if err != nil {
		return err
	}
	if room := r.Room(); len(tokens) == 0 || room > 0 && len(tokens) > room {
		return fmt.Errorf("a prefix of %d tokens, want 1 to the context of %d", len(tokens), room)
	}
	defer g.hold()()
	if _, err := r.begin(Prompt{Tokens: tokens}); err != nil {
		return err
	}
	r.keep()
	return nil
}

// PrefixOf returns how many tokens of a prompt the kept state has, and how many tokens it is of.
func (g *Generator) PrefixOf(p Prompt) (known, of int) {
	r, err := g.prefixReader()
	if err != nil || r.prefix == nil {
		return 0, 0
	}
	return r.known(p), len(r.prefix.tokens)
}

// Endless reports whether a sequence of the model has no limit of length.
func (g *Generator) Endless() bool {
	s, err := g.stepper(1)
	return err == nil && s.Room() == 0
}

// prefixReader returns the reader that keeps the prefix.
func (g *Generator) prefixReader() (*reader, error) {
	if models.SourceOf(g.Model) > 0 {
		return nil, errors.New("the model reads a source, from which its state follows: it has no prefix that prompts share")
	}
	s, err := g.stepper(1)
	if err != nil {
		return nil, err
	}
	r, ok := s.(*reader)
	if !ok {
		return nil, errors.New("the model consists of counts: it has no state to keep")
	}
	return r, nil
}

// SavePrefix writes the kept state and its tokens to a safetensors file. Fingerprint names what it follows
// from: the weights and the precision.
func (g *Generator) SavePrefix(path, fingerprint string) error {
	r, err := g.prefixReader()
	if err != nil {
		return err
	}
	if r.prefix == nil {
		return errors.New("no prefix has been read")
	}
	ids := make([]int32, len(r.prefix.tokens))
	for i, id := range r.prefix.tokens {
		ids[i] = int32(id)
	}
	states := r.prefix.mem.State(0)
	tensors := []runfile.Tensor{{Name: cacheTokens, Shape: []int{len(ids)}, Data: ids}}
	for name, v := range states {
		tensors = append(tensors, runfile.Tensor{Name: cacheState + name, Shape: []int{len(v)}, Data: v})
	}
	return runfile.SaveTensors(path, tensors, map[string]string{"format": cacheFormat, "version": strconv.Itoa(cacheVersion),
		"fingerprint": fingerprint, "sha256": hashPrefix(ids, states)})
}

// hashPrefix returns a hash of the tokens and the states of a prefix.
func hashPrefix(ids []int32, states map[string][]float32) string {
	hash := sha256.New()
	write := func(v any) {
		if err := binary.Write(hash, binary.LittleEndian, v); err != nil {
			panic(err) // a hash takes all numbers
		}
	}
	write(ids)
	for _, name := range slices.Sorted(maps.Keys(states)) {
		hash.Write([]byte(name))
		write(states[name])
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// LoadPrefix reads a file of SavePrefix. If it follows from something else than fingerprint, or is damaged,
// it returns an error, and the generator does not change.
func (g *Generator) LoadPrefix(path, fingerprint string) error {
	r, err := g.prefixReader()
	if err != nil {
		return err
	}
	tensors, meta, err := runfile.LoadTensors(path)
	if err != nil {
		return err
	}
	switch {
	case meta["format"] != cacheFormat:
		return fmt.Errorf("%s is a safetensors file, and not one of generate -cache: choose another name", path)
	case meta["version"] != strconv.Itoa(cacheVersion):
		return fmt.Errorf("%s has version %s of the format, and this program reads version %d: delete it, and it is made anew", path, meta["version"], cacheVersion)
	case meta["fingerprint"] != fingerprint:
		return fmt.Errorf("%s holds the state of another model, of other weights or at another precision: delete it, or choose another name", path)
	}
	p, err := r.readPrefix(tensors, meta["sha256"])
	if err != nil {
		return fmt.Errorf("%s is damaged: %w: delete it, and it is made anew", path, err)
	}
	r.prefix = p
	return nil
}

// readPrefix returns the prefix that tensors hold.
func (r *reader) readPrefix(tensors []runfile.Tensor, hash string) (*prefix, error) {
	var ids []int32
	states := map[string][]float32{}
	for _, t := range tensors {
		ok := true
		if t.Name == cacheTokens {
			ids, ok = t.Data.([]int32)
		} else if n := len(cacheState); len(t.Name) > n && t.Name[:n] == cacheState {
			states[t.Name[n:]], ok = t.Data.([]float32)
		}
		if !ok {
			return nil, fmt.Errorf("%s has numbers of another type", t.Name)
		}
	}
	if hashPrefix(ids, states) != hash {
		return nil, errors.New("its content does not have the hash that it names")
	}
	p := &prefix{}
	for _, id := range ids {
		if id < 0 || int(id) >= r.model.Common().Vocab {
			return nil, fmt.Errorf("token %d is not in the vocabulary", id)
		}
		p.tokens = append(p.tokens, int(id))
	}
	if len(ids) == 0 || r.Room() > 0 && len(ids) > r.capacity {
		return nil, fmt.Errorf("it has %d tokens, want 1 to the context of %d", len(ids), r.capacity)
	}
	var err error
	if p.mem, err = models.NewMemory(r.model, r.weights, 1, min(len(ids), r.capacity), r.source); err != nil {
		return nil, err
	}
	p.exact = p.mem.Recurrent()
	return p, p.mem.SetState(0, len(ids), states)
}
