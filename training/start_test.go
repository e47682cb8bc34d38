package training

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/book"
	"euryale/internal/runfile"
	"euryale/models"
)

// startOn begins a run of few steps on a page that first had never seen, with what path
// names.
func startOn(t *testing.T, path, tokenizer string, sets ...string) (*Run, error) {
	t.Helper()
	s, err := OpenStart(path, tokenizer)
	require.NoError(t, err)
	c, err := s.Parse("", append([]string{"data.name=" + book.Excerpt(t, 3000), "training.batch=2", "training.steps=2", "schedule.warmup=0",
		"training.eval_tokens=100", "training.sample=5"}, sets...))
	require.NoError(t, err)
	dir := filepath.Join(t.TempDir(), "run")
	r, err := s.New(c, dir, nil)
	if err == nil {
		t.Cleanup(func() { r.Close() })
	} else {
		assert.NoDirExists(t, dir, "a run that cannot begin leaves nothing behind")
	}
	return r, err
}

// A run that begins with another has its weights, its model and its tokenizer, though its
// text has fewer characters; what is said beside applies.
func TestStartOfARun(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	first := begin(t, tiny(t), dir)
	losses(t, first, 0)
	last, best := filepath.Join(dir, "weights.safetensors"), filepath.Join(dir, "best.safetensors")
	for path, want := range map[string]string{dir: best, best: best, last: last} {
		w, err := loadWeights(want, first.Config.Model)
		require.NoError(t, err)
		r, err := startOn(t, path, "", "model.dropout=0.3")
		require.NoError(t, err)
		for _, p := range w.All() {
			require.Equal(t, p.Float32(), r.Weights.Get(p.Path).Float32(), "%s: %s", path, p.Path)
		}
		assert.Contains(t, r.Config.String(), "dropout = 0.3")
		assert.Equal(t, filepath.Join(r.Dir, "tokenizer.json"), r.Config.Tokenizer.Kind)
		assert.True(t, sameIDs(first.Corpus.Tokenizer, r.Corpus.Tokenizer))
		require.NoError(t, r.Train(context.Background()))
		_, err = Open(r.Dir, true)
		require.NoError(t, err)
	}
}

// Weights alone say nothing of a model: it is configured as always.
func TestStartOfWeightsAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	c := tiny(t, "training.steps=2")
	first := begin(t, c, dir)
	losses(t, first, 0)
	alone := filepath.Join(t.TempDir(), "w.safetensors")
	require.NoError(t, os.Rename(filepath.Join(dir, "weights.safetensors"), alone))
	s, err := OpenStart(alone, "")
	require.NoError(t, err)
	again := tiny(t, "training.seed=9", "data.name="+c.Data.Name)
	r, err := s.New(again, "", nil)
	require.NoError(t, err)
	assert.Equal(t, first.Weights.Get("tok/W").Float32(), r.Weights.Get("tok/W").Float32())
	_, err = startOn(t, alone, "")
	assert.ErrorContains(t, err, "does not hold this model's weights: tok/W is ")
}

// A run can start from a model of another program without importing it first.
func TestStartOfAModelFromElsewhere(t *testing.T) {
	for _, c := range []struct{ path, tokenizer, model string }{
		{gpt2, "", "gpt"},
		{gpt2 + "/model.safetensors", "", "gpt"},
		{"../../shared/models/stories260K.bin", "../../shared/models/tok512.bin", "llama"},
		{"../../shared/models/ml5_charrnn_shakespeare", "", "lstm"},
	} {
		if _, err := os.Stat(c.path); err != nil {
			continue // the shared models are not beside this checkout
		}
		verse := filepath.Join(t.TempDir(), "verse.txt") // of characters that all three know
		require.NoError(t, os.WriteFile(verse, []byte(strings.Repeat("To be, or not to be, that is the question:\n", 40)), 0o666))
		sets := []string{"model.context=16", "data.name=" + verse}
		if c.tokenizer != "" {
			sets = append(sets, "tokenizer.kind="+c.tokenizer)
		}
		r, err := startOn(t, c.path, c.tokenizer, sets...)
		require.NoError(t, err)
		assert.Equal(t, c.model, r.Config.ModelName)
		before, err := r.Validate(true)
		require.NoError(t, err)
		require.NoError(t, r.Train(context.Background()))
		after, err := r.Validate(true)
		require.NoError(t, err)
		assert.Less(t, after, before, c.path)
	}
}

// What does not fit is named tensor by tensor, before the corpus is looked for.
func TestStartRefuses(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	losses(t, begin(t, tiny(t, "training.steps=2"), dir), 0)
	for set, want := range map[string][]string{
		"model.dim=32":   {"tok/W is [", "h1/mlp/out/W is [64 16], want [128 32]"},
		"model.layers=1": {"h1/ln1/gain is not a parameter of the model"},
		"model.layers=3": {"h2/ln1/gain is missing", "h2/mlp/out/b is missing"},
		"model.name=rnn": {"tok/W is [", "rnn0/h/W is missing", "h0/att/qkv/W is not a parameter"},
	} {
		_, err := startOn(t, dir, "", set, "data.name=no/such/corpus.txt")
		for _, w := range want {
			assert.ErrorContains(t, err, w, set)
		}
	}
	_, err := OpenStart(filepath.Join(t.TempDir(), "nothing"), "")
	assert.ErrorIs(t, err, os.ErrNotExist)
	_, err = OpenStart(t.TempDir(), "")
	assert.ErrorContains(t, err, "is not a run, which has a config.toml")
	_, err = OpenStart("start_test.go", "")
	assert.ErrorContains(t, err, "in none of the supported formats")
}

// As many ids of other meanings are not the ids that the weights were trained with.
func TestStartRefusesOtherIDs(t *testing.T) {
	page := func(letters string) string {
		path := filepath.Join(t.TempDir(), "page.txt")
		require.NoError(t, os.WriteFile(path, []byte(strings.Repeat(letters, 300)), 0o666))
		return path
	}
	dir := filepath.Join(t.TempDir(), "run")
	first := begin(t, tiny(t, "training.steps=2", "data.name="+page("abcdefgh ")), dir)
	losses(t, first, 0)
	second := filepath.Join(t.TempDir(), "run")
	losses(t, begin(t, tiny(t, "training.steps=2", "data.name="+page("ijklmnop ")), second), 0)
	_, err := startOn(t, dir, "", "data.name="+page("ijklmnop "), "tokenizer.kind="+filepath.Join(second, "tokenizer.json"))
	assert.ErrorContains(t, err, "gives ids other meanings")
}

// What is wrong with a model is said before a vocabulary is learned for it.
func TestModelIsCheckedBeforeTheCorpus(t *testing.T) {
	_, err := New(tiny(t, "model.heads=3", "data.name=no/such/corpus.txt"), "", nil)
	assert.ErrorContains(t, err, "heads = 3 does not divide dim = 16")
}

// Shapes are compared before values are read: a file whose values cannot be kept here is
// refused for its shapes.
func TestLoadWeightsComparesShapesFirst(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.safetensors")
	c := tiny(t)
	c.Model.Common().Vocab = 9
	require.NoError(t, runfile.SaveTensors(path, []runfile.Tensor{{Name: "tok/W", Shape: []int{9, 16}, Data: make([]int32, 9*16)}}, nil))
	_, err := loadWeights(path, c.Model)
	assert.ErrorContains(t, err, "pos/W is missing; h0/")
	assert.NotContains(t, err.Error(), "int32")

	params, err := models.Parameters(c.Model)
	require.NoError(t, err)
	var whole []runfile.Tensor
	for _, p := range params {
		whole = append(whole, runfile.Tensor{Name: p.Path, Shape: p.Shape, Data: make([]int32, p.Size())})
	}
	require.NoError(t, runfile.SaveTensors(path, whole, nil))
	_, err = loadWeights(path, c.Model)
	assert.ErrorContains(t, err, "tok/W holds numbers of int32, want float32")
}
