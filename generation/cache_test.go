package generation

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/runfile"
	"euryale/models"
)

// A prompt that is read from a saved state has the logits of one that is read whole. A recurrent model
// needs all tokens of the state, others use what the prompt shares with it.
func TestPrefixInAFile(t *testing.T) {
	lstm, err := models.New("lstm")
	require.NoError(t, err)
	for name, m := range map[string]models.Model{"gpt": newGenerator(t, 200).Model, "lstm": lstm} {
		t.Run(name, func(t *testing.T) {
			g := generatorOf(t, m)
			path := filepath.Join(t.TempDir(), "prefix.safetensors")
			begin := slices.Repeat([]int{1, 5, 2, 9, 3, 3, 8}, 13)
			require.NoError(t, g.Prefix(begin))
			require.NoError(t, g.SavePrefix(path, "weights"))

			other := generatorOf(t, m)
			require.NoError(t, other.LoadPrefix(path, "weights"))
			for _, c := range []struct{ tokens, known []int }{
				{slices.Concat(begin, []int{4, 4}), []int{91, 91}},
				{slices.Concat(begin[:50], []int{4, 4}), []int{50, 0}},
				{begin, []int{90, 0}},
				{[]int{7}, []int{0, 0}},
			} {
				p := Prompt{Tokens: c.tokens}
				known, of := other.PrefixOf(p)
				want := c.known[0]
				if name == "lstm" {
					want = c.known[1]
				}
				assert.Equal(t, want, known)
				assert.Equal(t, 91, of)
				s, err := other.stepper(2)
				require.NoError(t, err)
				logits, err := s.Begin(1, p)
				require.NoError(t, err)
				assert.InDeltaSlice(t, after(t, g, c.tokens...), normal(logits), 1e-4)
			}
			r, err := other.Generate(context.Background(), Prompt{Tokens: slices.Concat(begin, []int{4})}, Settings{Tokens: 20}, 1, nil)
			require.NoError(t, err)
			want, err := generatorOf(t, m).Generate(context.Background(), Prompt{Tokens: slices.Concat(begin, []int{4})}, Settings{Tokens: 20}, 1, nil)
			require.NoError(t, err)
			assert.Equal(t, want[0].Tokens, r[0].Tokens)
		})
	}
}

// A file of something else is refused, and changes nothing.
func TestPrefixRefuses(t *testing.T) {
	g := newGenerator(t, 40)
	path := filepath.Join(t.TempDir(), "prefix.safetensors")
	assert.ErrorContains(t, g.SavePrefix(path, "weights"), "no prefix has been read")
	require.NoError(t, g.Prefix([]int{1, 2, 3, 4, 5}))
	require.NoError(t, g.SavePrefix(path, "weights"))
	tensors, meta, err := runfile.LoadTensors(path)
	require.NoError(t, err)
	save := func(change func(meta map[string]string, tensors []runfile.Tensor)) string {
		copied := map[string]string{}
		for k, v := range meta {
			copied[k] = v
		}
		ts := slices.Clone(tensors)
		change(copied, ts)
		p := filepath.Join(t.TempDir(), "other.safetensors")
		require.NoError(t, runfile.SaveTensors(p, ts, copied))
		return p
	}
	fresh := newGenerator(t, 40)
	for want, p := range map[string]string{
		"other weights or at another precision": save(func(meta map[string]string, _ []runfile.Tensor) { meta["fingerprint"] = "x" }),
		"version 2 of the format":               save(func(meta map[string]string, _ []runfile.Tensor) { meta["version"] = "2" }),
		"not one of generate -cache":            save(func(meta map[string]string, _ []runfile.Tensor) { delete(meta, "format") }),
		"does not have the hash": save(func(_ map[string]string, ts []runfile.Tensor) {
			for i := range ts {
				if v, ok := ts[i].Data.([]float32); ok {
					v = slices.Clone(v)
					v[0]++
					ts[i].Data = v
				}
			}
		}),
		"numbers of another type": save(func(_ map[string]string, ts []runfile.Tensor) {
			for i := range ts {
				if v, ok := ts[i].Data.([]float32); ok {
					ts[i].Data = make([]int32, len(v))
				}
			}
		}),
	} {
		err := fresh.LoadPrefix(p, "weights")
		assert.ErrorContains(t, err, want)
		assert.ErrorContains(t, err, p)
	}
	require.NoError(t, os.WriteFile(path, []byte("text"), 0o666))
	assert.ErrorContains(t, fresh.LoadPrefix(path, "weights"), path)
	known, of := fresh.PrefixOf(Prompt{Tokens: []int{1, 2, 3}})
	assert.Zero(t, known+of)

	assert.ErrorContains(t, fresh.Prefix(nil), "a prefix of 0 tokens, want 1 to the context of 40")
	assert.ErrorContains(t, fresh.Prefix(make([]int, 41)), "a prefix of 41 tokens")
	assert.ErrorContains(t, newCounts(t).Prefix([]int{1}), "the model consists of counts")
	pairs := generatorOf(t, &models.Transformer{Sizes: models.Sizes{Context: 24}, Source: 7, Layers: 1, Heads: 2, Dim: 8, Activation: "gelu"})
	assert.ErrorContains(t, pairs.Prefix([]int{1}), "the model reads a source")
}

// Another model has other states.
func TestPrefixOfAnotherModel(t *testing.T) {
	path := filepath.Join(t.TempDir(), "prefix.safetensors")
	g := newGenerator(t, 40)
	require.NoError(t, g.Prefix([]int{1, 2, 3, 4, 5}))
	require.NoError(t, g.SavePrefix(path, "weights"))
	small := generatorOf(t, &models.GPT{Sizes: models.Sizes{Context: 40}, Layers: 1, Heads: 1, Dim: 4, Activation: "gelu"})
	assert.ErrorContains(t, small.LoadPrefix(path, "weights"), "is damaged: 4 states, and the model has 2")
	short := newGenerator(t, 4)
	assert.ErrorContains(t, short.LoadPrefix(path, "weights"), "it has 5 tokens, want 1 to the context of 4")
}
