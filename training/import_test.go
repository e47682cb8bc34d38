package training

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/generation"
	"euryale/interchange"
)

const gpt2 = "../interchange/testdata/gpt2"

// An imported model is a run: it can be opened, written out, and read in again.
func TestImportAndExport(t *testing.T) {
	dir := t.TempDir()
	first, second, out := filepath.Join(dir, "first"), filepath.Join(dir, "second"), filepath.Join(dir, "out")
	_, err := Import(gpt2, "", first)
	require.NoError(t, err)
	note, err := Export(first, out)
	require.NoError(t, err)
	assert.Empty(t, note)
	_, err = Import(out, "", second)
	require.NoError(t, err)
	a, err := os.ReadFile(filepath.Join(first, "weights.safetensors"))
	require.NoError(t, err)
	b, err := os.ReadFile(filepath.Join(second, "weights.safetensors"))
	require.NoError(t, err)
	assert.Equal(t, a, b)
	saved, err := Open(second, false)
	require.NoError(t, err)
	g, err := saved.Generator()
	require.NoError(t, err)
	p, err := g.Prompt("the")
	require.NoError(t, err)
	texts, err := g.Generate(context.Background(), p, generation.Settings{Tokens: 30}, 1, nil)
	require.NoError(t, err)
	assert.Len(t, texts[0].Tokens, 30)
	_, err = Import(gpt2, "", first)
	assert.ErrorContains(t, err, "holds a run already")
}

// An imported model claims no corpus, and has no state to go on from.
func TestImportedRunHasNoCorpus(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	_, err := Import(gpt2, "", dir)
	require.NoError(t, err)
	saved, err := Open(dir, false)
	require.NoError(t, err)
	assert.Empty(t, saved.Config.Data.Name)
	_, err = Resume(dir, nil, nil)
	assert.ErrorContains(t, err, "begin a new run with -init "+dir)
}

// Training can start from an imported model, with its tokenizer.
func TestTrainingBeginsWithAnImportedModel(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gpt2")
	saved, err := Import(gpt2, "", dir)
	require.NoError(t, err)
	book := filepath.Join(t.TempDir(), "book.txt")
	text, err := os.ReadFile("import_test.go")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(book, text, 0o666))
	start, err := OpenStart(dir, "")
	require.NoError(t, err)
	c, err := start.Parse("", []string{"data.name=" + book, "training.steps=3", "training.batch=4", "training.eval_tokens=100", "schedule.warmup=0", "training.sample=5"})
	require.NoError(t, err)
	r, err := start.New(c, "", nil)
	require.NoError(t, err)
	defer r.Close()
	for _, p := range saved.Weights.All() {
		require.Equal(t, p.Float32(), r.Weights.Get(p.Path).Float32(), p.Path)
	}
	before, err := r.Validate(true)
	require.NoError(t, err)
	require.NoError(t, r.Train(context.Background()))
	after, err := r.Validate(true)
	require.NoError(t, err)
	assert.Less(t, after, before)
}

// A chat template is kept by the run, and written out with the model; a damaged one is an error that names its file.
func TestChatTemplateIsKept(t *testing.T) {
	dir := t.TempDir()
	from, first, out, second := filepath.Join(dir, "from"), filepath.Join(dir, "first"), filepath.Join(dir, "out"), filepath.Join(dir, "second")
	require.NoError(t, os.CopyFS(from, os.DirFS(gpt2)))
	config := filepath.Join(from, "tokenizer_config.json")
	require.NoError(t, os.WriteFile(config, []byte(`{"chat_template": "{{ 'é<' }}", "bos_token": "a", "eos_token": {"content": "b"}}`), 0o666))
	_, err := Import(from, "", first)
	require.NoError(t, err)
	_, err = Export(first, out)
	require.NoError(t, err)
	_, err = Import(out, "", second)
	require.NoError(t, err)
	want := &interchange.ChatTemplate{Template: "{{ 'é<' }}", Begin: "a", End: "b"}
	for _, run := range []string{first, second} {
		s, err := Open(run, false)
		require.NoError(t, err)
		assert.Equal(t, want, s.Chat)
	}
	require.NoError(t, os.WriteFile(filepath.Join(from, "chat_template.jinja"), []byte("own"), 0o666))
	s, err := Import(from, "", filepath.Join(dir, "third"))
	require.NoError(t, err)
	assert.Equal(t, "own", s.Chat.Template)
	for text, message := range map[string]string{`{"chat_template": 3}`: "neither a string nor a list", `{"eos_token": []}`: "neither a string nor an object", `{`: "tokenizer_config.json"} {
		require.NoError(t, os.WriteFile(config, []byte(text), 0o666))
		_, err := Import(from, "", filepath.Join(dir, "bad"))
		assert.ErrorContains(t, err, message)
		assert.NoDirExists(t, filepath.Join(dir, "bad"))
	}
}
