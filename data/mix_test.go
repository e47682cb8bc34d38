package data

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/task"
	"euryale/data/tokenizer"
)

// mixConfig is a mixture of a table, the table with its columns exchanged, and a generated corpus.
func mixConfig(t *testing.T, weights ...string) Config {
	t.Helper()
	rows := make([]string, 200)
	for i := range rows {
		rows[i] = fmt.Sprintf("light %d\trays %d", i, i)
	}
	path := write(t, "rows.tsv", strings.Join(rows, "\n")+"\n")
	weight := func(i int) string {
		if i < len(weights) {
			return " weight=" + weights[i]
		}
		return ""
	}
	return Config{Size: 50, Mix: path + " tag=there key=1" + weight(0) + "; " + path + " tag=back source=2 target=1 key=1" + weight(1) + ";\n copy tag=copy" + weight(2)}
}

func openMixture(t *testing.T, c Config) *Corpus {
	t.Helper()
	corpus, err := Open(c, tokenizer.Config{Kind: "char"}, nil, Options{})
	require.NoError(t, err)
	return corpus
}

// Every sample of a mixture has the tag of its part, and prompts have the tokens of training. The parts have the shares of
// the batches that their weights say.
func TestMixture(t *testing.T) {
	for _, encoder := range []bool{false, true} {
		c := mixConfig(t, "3", "1", "1")
		c.Encoder = encoder
		corpus := openMixture(t, c)
		assert.Equal(t, "mix", corpus.Info.Name)
		assert.Empty(t, corpus.Info.Notes, "the two directions are split alike")
		assert.Contains(t, corpus.Describe(), "(60% of the batches")
		b, err := corpus.Train(4, 64, 1)
		require.NoError(t, err)
		count := map[string]int{}
		var batch Batch
		for n := range 1000 {
			require.NoError(t, b.Batch(n, &batch))
			source := batch.Tokens[1:batch.T]
			if encoder {
				source = batch.Source[:batch.S]
			}
			tag, ok := source[0], false
			for _, name := range []string{"there", "back", "copy"} {
				if id, _ := corpus.Tokenizer.Special(task.TagToken(name)); id == tag {
					count[name]++
					ok = true
				}
			}
			require.True(t, ok, "a tag begins the source: %s", text(t, corpus, source))
		}
		assert.Equal(t, map[string]int{"there": 600, "back": 200, "copy": 200}, count)

		f, err := NewFormat(corpus.Config, corpus.Tokenizer)
		require.NoError(t, err)
		prompt, err := f.Prompt("<|back|>rays 7")
		require.NoError(t, err)
		source, err := f.Source("<|back|>rays 7")
		require.NoError(t, err)
		if encoder {
			assert.Equal(t, "<|back|>rays 7<|end|>", text(t, corpus, source))
		} else {
			assert.Equal(t, "<|begin|><|back|>rays 7<|answer|>", text(t, corpus, prompt))
		}
		_, err = f.Prompt("rays 7")
		assert.ErrorContains(t, err, "begin the text with the tag of a task, one of <|there|>, <|back|>, <|copy|>")
		f.Limit, f.Cut = 16, true
		assert.Contains(t, f.CutNote("<|back|>"+strings.Repeat("a", 20)), "the source has 20 tokens")
	}
}

// The batches of a part of each corpus follow one another, with places that no two of them share, and examples have tags.
func TestHeldOutPartsOfAMixture(t *testing.T) {
	corpus := openMixture(t, mixConfig(t))
	valid, err := corpus.Valid(4, 64)
	require.NoError(t, err)
	seen, tags, targets := map[int]bool{}, []string{}, 0
	var batch Batch
	for n := range valid.Len() {
		require.NoError(t, valid.Batch(n, &batch))
		tag := valid.(Parted).PartOf(n)
		if len(tags) == 0 || tags[len(tags)-1] != tag {
			tags = append(tags, tag)
		}
		for seq, place := range batch.Places {
			if place < 0 {
				continue
			}
			assert.False(t, seen[place])
			seen[place] = true
			assert.Contains(t, text(t, corpus, batch.Tokens[seq*batch.T:(seq+1)*batch.T]), "<|begin|><|"+tag+"|>")
		}
		for _, id := range batch.Targets {
			if id >= 0 {
				targets++
			}
		}
	}
	assert.Equal(t, []string{"there", "back", "copy"}, tags)
	assert.Equal(t, corpus.Info.Valid, targets)
	examples, err := corpus.Examples("valid")
	require.NoError(t, err)
	assert.Len(t, examples, len(seen))
	assert.True(t, strings.HasPrefix(examples[0].Source, "<|there|>light "))
	_, err = corpus.Part("test", 4, 64)
	assert.ErrorContains(t, err, "it has no test part")
}

// Batches follow from seed and number, and a pair that one direction holds out and the other trains on is reported.
func TestMixtureIsDeterministic(t *testing.T) {
	c := mixConfig(t)
	one, other := openMixture(t, c), openMixture(t, c)
	assert.Equal(t, one.Fingerprint(), other.Fingerprint())
	a, err := one.Train(4, 64, 1)
	require.NoError(t, err)
	b, err := other.Train(4, 64, 1)
	require.NoError(t, err)
	var x, y Batch
	for _, n := range []int{2500, 3, 999, 0} {
		require.NoError(t, a.Batch(n, &x))
		require.NoError(t, b.Batch(n, &y))
		require.Equal(t, x.Tokens, y.Tokens)
	}
	c.Mix = strings.ReplaceAll(c.Mix, " key=1", "")
	leaking := openMixture(t, c)
	assert.Contains(t, strings.Join(leaking.Info.Notes, "\n"), "held-out pairs of there stand in the training part of back, in this direction or the other")
}

func TestMixErrors(t *testing.T) {
	for mix, want := range map[string]string{
		"copy tag=a":                    `it must have at least two parts`,
		"copy tag=a; reverse":           `data.mix, part "reverse": tag is ""`,
		"copy tag=a; reverse tag=a":     `data.mix, part "reverse tag=a": another part has the tag a too`,
		"copy tag=a; reverse tag=<b>":   `tag is "<b>"`,
		"copy tag=a; reverse wight=2":   `"wight=2" is no setting of a part`,
		"copy tag=a weight=0; b tag=b":  `weight is "0": it must be a number above 0`,
		"copy tag=a; kdconv tag=b":      `its data.task is dialogue: the parts of a mixture are pairs or summaries`,
		"copy tag=a; no/such.tsv tag=b": `part b (no/such.tsv): `,
	} {
		_, err := Open(Config{Mix: mix}, tokenizer.Config{}, nil, Options{})
		assert.ErrorContains(t, err, want)
	}
	_, err := FromPairs([][2]string{{"a", "b"}, {"c", "d"}}, Config{Mix: "x"}, tokenizer.Config{}, nil, Options{})
	assert.ErrorContains(t, err, "leave it out")
}
