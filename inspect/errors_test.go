package inspect_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/inspect"
	"euryale/models"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]inspect.Intervention{
		"h1/att/head3 *= 0":      {Path: "h1/att/head3", Op: "*=", Value: inspect.Number(0)},
		"h2/resid@5 = patch":     {Path: "h2/resid", At: "5", Op: "=", Value: inspect.Times(1, inspect.Patch)},
		"h*/mlp@-1,2:4+=-2.5":    {Path: "h*/mlp", At: "-1,2:4", Op: "+=", Value: inspect.Number(-2.5)},
		" tok  +=  4 * a b.npz ": {Path: "tok", Op: "+=", Value: inspect.Times(4, "a b.npz")},
		"h0 = mean":              {Path: "h0", Op: "=", Value: inspect.Times(1, inspect.Mean)},
		"h0@3: = v.npz#h1":       {Path: "h0", At: "3:", Op: "=", Value: inspect.Times(1, "v.npz#h1")},
	} {
		got, err := inspect.Parse(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
		again, err := inspect.Parse(got.String())
		require.NoError(t, err, text)
		assert.Equal(t, want, again, got.String())
	}
	for text, want := range map[string]string{
		"h0":                           `the intervention "h0" is not PATH[@POSITIONS] OP VALUE`,
		"h0 *=":                        `is not PATH[@POSITIONS] OP VALUE`,
		"h0 -= 1":                      `there is no op -=: add a negative number, or -1*FILE`,
		"h0 /= 2":                      `there is no op "/=": =, += or *=`,
		"h0 = NaN":                     "the value is NaN, want a finite number",
		"h0@1-2 = 0":                   `the positions "1-2" are not numbers and ranges, as 5, -1, 3:7 or 0,4:6`,
		"h0@1::2 *= 0":                 `the positions "1::2" are not`,
		"h0@ = 3":                      "is not PATH",
		"h 0 *= 3":                     "is not PATH",
		"= 3":                          "is not PATH",
		"h0@999999999999999999999 = 1": "are not numbers and ranges",
	} {
		_, err := inspect.Parse(text)
		assert.ErrorContains(t, err, want, text)
	}
}

func TestOpenRefuses(t *testing.T) {
	g := generator(t, tiny["gpt"]())
	p, longer := prompt(t, g, text), prompt(t, g, "the rays of l")
	dir := t.TempDir()
	file := func(name string, v *inspect.Values) string {
		path := filepath.Join(dir, name)
		require.NoError(t, v.Save(path))
		return path
	}
	taps := file("taps.npz", read(t, g, p, "h0", "h1", "h0/att/weights"))
	one := file("one.safetensors", read(t, g, p, "h0/mlp/post"))
	for text, want := range map[string]string{
		"h0/atn *= 0":                            `no layer computes "h0/atn"; near it: ["h0/att"`,
		"g* *= 0":                                `no layer computes "g*"; near it: [`,
		"[ *= 0":                                 "the pattern \"[\": syntax error in pattern",
		"tok/W *= 0":                             `"tok/W" is a parameter`,
		"loss *= 0":                              "loss can be read but not changed",
		"h0@8 *= 0":                              "position 8 is outside the text, whose positions are 0 to 7",
		"h0@-9 *= 0":                             "position -9 is outside the text",
		"h0@5:9 *= 0":                            "position 5:9 is outside the text",
		"h0@5:5 *= 0":                            "position 5:5 is outside the text",
		"h0 = patch":                             "the prompt has 8 tokens and the one of the patch 13: positions correspond only in prompts of one length",
		"h0 = there.npz":                         "there.npz: no such file or directory",
		"h0 = meen":                              `the value "meen" is no number, "mean", "patch" or file`,
		"h0/att = " + taps:                       `has no array called "h0/att": choose one of its 3 with`,
		"h0/att = " + taps + "#h2":               `has no array of numbers called "h2"; near it: ["h0" "h1"`,
		"h0 = " + one:                            "the table is [8 32], and h0 has 8 columns: want (8) or (T, 8)",
		"h0/att/weights/head0 = " + taps + "#h0": "the table is [8 8], want (T, 1, T)",
		"h0 = " + taps + "#h0/att/weights":       "the table is [8 2 8], and h0 has 8 columns",
	} {
		_, err := inspect.Open(g, inspect.Text{Prompt: p, Patch: longer}, parse(t, text))
		require.ErrorContains(t, err, want, text)
		assert.ErrorContains(t, err, "the intervention \""+text[:2], "it names the intervention")
	}
	_, err := inspect.Open(g, inspect.Text{Prompt: longer}, parse(t, "h0@9 = "+taps))
	assert.ErrorContains(t, err, "h0: the table has rows for 8 positions, and position 9 is to be changed")
	_, err = inspect.Open(g, inspect.Text{Prompt: p}, parse(t, "h0 = patch"))
	assert.ErrorContains(t, err, "there is no prompt to take the patch from")
	_, err = inspect.Open(g, inspect.Text{}, parse(t, "h0 = mean"))
	assert.ErrorContains(t, err, "there is no text to read")
	_, err = inspect.Open(g, inspect.Text{}, inspect.Intervention{Path: "h0", Op: "+", Value: inspect.Vector(1, []float32{1})})
	assert.ErrorContains(t, err, `there is no op "+"`)
	_, err = inspect.Open(g, inspect.Text{}, inspect.Intervention{Path: "h0", Op: "=", Value: inspect.Vector(1, []float32{1})})
	assert.ErrorContains(t, err, "the table is [1 1], and h0 has 8 columns")
}

func TestOpenRefusesOfOtherModels(t *testing.T) {
	pairs := generator(t, tiny["seq2seq"]())
	p := prompt(t, pairs, text)
	_, err := inspect.Open(pairs, inspect.Text{Prompt: p}, parse(t, "dec/bridge0@1 = 0"))
	assert.ErrorContains(t, err, "dec/bridge0 is one value of the whole sequence, without positions")
	_, err = inspect.Open(pairs, inspect.Text{Prompt: p}, parse(t, "enc/tok@5 = 0"))
	assert.ErrorContains(t, err, "position 5 is outside the text, whose positions are 0 to 4")
	short := p
	short.Source = p.Source[:3]
	_, err = inspect.Open(pairs, inspect.Text{Prompt: p, Patch: short}, parse(t, "enc/tok = patch"))
	assert.ErrorContains(t, err, "the source has 5 tokens and the one of the patch 3")
	_, err = inspect.Read(pairs, inspect.Text{}.Prompt, "dec/tok")
	assert.ErrorContains(t, err, "there is no text to read")
	short.Source = nil
	_, err = inspect.Read(pairs, short, "dec/tok")
	assert.ErrorContains(t, err, "the model reads a source, and there is none")
	m, err := models.New("ngram")
	require.NoError(t, err)
	pairs.Model = m
	_, err = inspect.Taps(pairs)
	assert.ErrorContains(t, err, "has no graph, and so no values to read")
	long := generator(t, tiny["gpt"]())
	_, err = inspect.Read(long, prompt(t, long, "the rays of light and"), "h0")
	assert.ErrorContains(t, err, "the text has 21 tokens, and the model reads 16: shorten it")
}

func TestRunnerRefuses(t *testing.T) {
	g := generator(t, tiny["gpt"]())
	p := prompt(t, g, text)
	_, err := inspect.NewRunner(g, inspect.Text{Prompt: p}, []string{"h7"})
	assert.ErrorContains(t, err, `no layer computes "h7"; near it: ["h0" "h1"`)
	_, err = inspect.NewRunner(g, inspect.Text{}, nil)
	assert.ErrorContains(t, err, "there is no text to read")
	r, err := inspect.NewRunner(g, inspect.Text{Prompt: p}, nil, parse(t, "h0 *= 1"))
	require.NoError(t, err)
	assert.ErrorContains(t, r.Set(0, parse(t, "h1 *= 0")), "replaces one at h0: the path must be the same")
	assert.ErrorContains(t, r.Set(0, parse(t, "h0@8 *= 0")), "position 8 is outside the text")
	require.NoError(t, r.Set(0, parse(t, "h0 = 0")))
	require.NoError(t, r.Run(p))
	assert.Len(t, r.Losses(), len(p.Tokens)-1)
}

// What files hold is what was read, of both formats; a table of a file is used as a steering vector.
func TestFiles(t *testing.T) {
	g := generator(t, tiny["transformer"]())
	p := prompt(t, g, text)
	v := read(t, g, p, "dec/h0/cross/weights", "dec/h0", "enc/h0")
	for _, name := range []string{"taps.npz", "taps.safetensors"} {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, v.Save(path))
		for _, change := range []string{"dec/h0 = " + path, "dec/h0/cross/weights = " + path, "enc/h0 = " + path} {
			assert.InDeltaSlice(t, logits(t, g, p), logits(t, open(t, g, inspect.Text{Prompt: p}, change), p), 1e-5, change)
		}
		assert.NotEqual(t, logits(t, g, p), logits(t, open(t, g, inspect.Text{Prompt: p}, "dec/h0 += 2*"+path), p))
	}
	assert.ErrorContains(t, v.Save("taps.txt"), "taps.txt: want a name that ends in .npz or .safetensors")
	assert.Error(t, v.Save(filepath.Join(t.TempDir(), "none", "taps.npz")))
}

func TestBrokenFiles(t *testing.T) {
	g := generator(t, tiny["gpt"]())
	dir := t.TempDir()
	for name, c := range map[string]struct{ data, want string }{
		"a.npz": {"no zip", "a.npz: zip: not a valid zip file"},
		"a.npy": {"no array", "a.npy: it is no array of NumPy"},
		"b.npy": {"\x93NUMPY\x01\x00\x10\x00", "b.npy: it ends in its header"},
		"c.npy": {"\x93NUMPY\x01\x00\x02\x00{}", "c.npy: the header \"{}\" has no type, order or shape"},
		"d.npy": {npy("{'descr': '<f4', 'fortran_order': True, 'shape': (8,)}"), "d.npy: the array is in Fortran order"},
		"e.npy": {npy("{'descr': '<i8', 'fortran_order': False, 'shape': (8,)}"), "e.npy holds no floating-point numbers"},
		"f.npy": {npy("{'descr': '<f4', 'fortran_order': False, 'shape': (8,)}") + "abc", "f.npy: it has 3 bytes of numbers, want 32"},
		"g.npy": {npy("{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999, 9)}"), "which is too large"},
	} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(c.data), 0o600))
		_, err := inspect.Open(g, inspect.Text{}, parse(t, "h0 = "+path))
		assert.ErrorContains(t, err, c.want, name)
	}
}

// npy returns the start of an array of NumPy.
func npy(head string) string { return "\x93NUMPY\x01\x00" + string([]byte{byte(len(head)), 0}) + head }
