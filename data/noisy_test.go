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

// noisyRows are pairs with words that merges make.
func noisyRows() []string {
	rows := []string{"# split\ta\tb"}
	for i := range 60 {
		part := "train"
		if i%10 == 9 {
			part = "valid"
		}
		n := strings.Repeat("very ", i%5)
		rows = append(rows, fmt.Sprintf("%s\tthe %slong source number %d\tthe %sanswer number %d", part, n, i, n, i))
	}
	return rows
}

// openNoisy opens the pairs with a byte-pair encoding and noise.
func openNoisy(t *testing.T, c Config) *Corpus {
	t.Helper()
	c.Name, c.Task, c.Source, c.Target = write(t, "rows.tsv", strings.Join(noisyRows(), "\n")+"\n"), "pairs", "a", "b"
	corpus, err := Open(c, tokenizer.Config{Kind: "bpe", Vocab: 320}, nil, Options{})
	require.NoError(t, err)
	return corpus
}

// passOf returns the sources and the answers of a pass, as texts, and the number of tokens.
func passOf(t *testing.T, c *Corpus, b Batcher, pass int) (texts map[string]int, tokens int) {
	t.Helper()
	texts = map[string]int{}
	var batch Batch
	for n := range b.Len() {
		require.NoError(t, b.Batch(pass*b.Len()+n, &batch))
		for seq := range batch.B {
			ids := batch.Tokens[seq*batch.T : (seq+1)*batch.T]
			if ids[0] < 0 {
				continue
			}
			source := batch.Source[seq*batch.S : (seq+1)*batch.S]
			for _, id := range append(append([]int(nil), ids...), source...) {
				if id >= 0 {
					tokens++
				}
			}
			texts[text(t, c, source)+text(t, c, ids)]++
		}
	}
	return texts, tokens
}

// With BPE-dropout every pass has each row once, with the same text in other tokens than the pass before; the
// validation part is as without.
func TestBPEDropoutInTraining(t *testing.T) {
	for _, encoder := range []bool{false, true} {
		plain := openNoisy(t, Config{Encoder: encoder})
		without, err := plain.Train(8, 64, 1)
		require.NoError(t, err)
		want, fewest := passOf(t, plain, without, 0)
		require.Len(t, want, 54)
		most := fewest
		for _, in := range []string{"source", "target", "both"} {
			c := openNoisy(t, Config{Encoder: encoder, BPEDropout: 0.2, BPEDropoutIn: in})
			assert.Equal(t, plain.Fingerprint(), c.Fingerprint(), "the corpus is the same")
			b, err := c.Train(8, 64, 1)
			require.NoError(t, err)
			require.Equal(t, 7, b.Len())
			var sizes []int
			for pass := range 3 {
				texts, tokens := passOf(t, c, b, pass)
				assert.Equal(t, want, texts)
				assert.Greater(t, tokens, fewest, in)
				sizes = append(sizes, tokens)
			}
			assert.NotEqual(t, sizes[0], sizes[1])
			if in == "both" {
				assert.Greater(t, sizes[0], most)
			}
			most = max(most, sizes[0])
			valid, err := c.Valid(8, 64)
			require.NoError(t, err)
			validWithout, err := plain.Valid(8, 64)
			require.NoError(t, err)
			got, n := passOf(t, c, valid, 0)
			same, m := passOf(t, plain, validWithout, 0)
			assert.Equal(t, same, got)
			assert.Equal(t, m, n)
			assert.Contains(t, fmt.Sprint(b), "bpe_dropout 0.2 ("+in+")")
		}
	}
}

// A batch depends on the seed and its number alone: on no batch before, and not on which sequences are read.
func TestNoisyBatchesFollowFromTheirNumber(t *testing.T) {
	c := openNoisy(t, Config{Encoder: true, BPEDropout: 0.3, WordDropout: 0.2, SourceDropout: 0.1})
	open := func(seed uint64) Batcher {
		b, err := c.Train(8, 64, seed)
		require.NoError(t, err)
		return b
	}
	one, other := open(1), open(1)
	var want, got, part Batch
	for _, n := range []int{20, 3, 11, 0} {
		require.NoError(t, one.Batch(n, &want))
		require.NoError(t, other.Batch(n, &got))
		require.Equal(t, want.Tokens, got.Tokens, "batch %d", n)
		require.Equal(t, want.Source, got.Source, "batch %d", n)
		part.From, part.To = 3, 5
		require.NoError(t, open(1).Batch(n, &part))
		require.Equal(t, want.Tokens[3*want.T:5*want.T], part.Tokens[3*part.T:5*part.T])
		require.Equal(t, -1, part.Tokens[0], "another rank's sequences are padding")
	}
	require.NoError(t, open(2).Batch(0, &got))
	assert.NotEqual(t, want.Tokens, got.Tokens)
}

// Of the answer tokens that the decoder reads a part is hidden, and all stay targets; of the source's tokens a part is
// left out.
func TestWordDropout(t *testing.T) {
	c := openNoisy(t, Config{Encoder: true, WordDropout: 0.3, SourceDropout: 0.2})
	hidden, ok := c.Tokenizer.Special("<|dropped|>")
	require.True(t, ok)
	plain := openNoisy(t, Config{Encoder: true})
	b, err := c.Train(54, 64, 1)
	require.NoError(t, err)
	full, err := plain.Train(54, 64, 1)
	require.NoError(t, err)
	var batch, whole Batch
	drawn, targets, dropped, sources := 0, 0, 0, 0
	for pass := range 20 {
		require.NoError(t, b.Batch(pass, &batch))
		for i, id := range batch.Tokens {
			if i%batch.T > 0 && id >= 0 {
				drawn++
			}
			if id == hidden {
				dropped++
			}
			assert.NotEqual(t, hidden, batch.Targets[i])
			if batch.Targets[i] >= 0 {
				targets++
			}
		}
		for _, id := range batch.Source {
			if id >= 0 {
				sources++
			}
		}
	}
	wholeTargets, wholeSources := 0, 0
	for n := range full.Len() {
		require.NoError(t, full.Batch(n, &whole))
		for _, id := range whole.Targets {
			if id >= 0 {
				wholeTargets++
			}
		}
		for _, id := range whole.Source {
			if id >= 0 {
				wholeSources++
			}
		}
	}
	assert.Equal(t, 20*wholeTargets, targets)
	assert.InDelta(t, 0.3, float64(dropped)/float64(drawn), 0.02, "some 10,000 tokens: more than four standard deviations")
	// The token that ends a source stays.
	assert.InDelta(t, 0.8, float64(sources-20*54)/float64(20*(wholeSources-54)), 0.02)
}

// A row that fits the context only without noise has none, so that its text is whole.
func TestNoiseCostsNoText(t *testing.T) {
	plain := openNoisy(t, Config{})
	longest := 0
	for _, s := range plain.parts.(*taskParts).samples(1000, task.TrainPart) {
		longest = max(longest, len(s.Tokens))
	}
	c := openNoisy(t, Config{BPEDropout: 0.5, BPEDropoutIn: "target"})
	b, err := c.Train(8, longest, 1)
	require.NoError(t, err)
	without, err := plain.Train(8, longest, 1)
	require.NoError(t, err)
	want, _ := passOf(t, plain, without, 0)
	got, _ := passOf(t, c, b, 0)
	assert.Equal(t, want, got)
}

func TestNoiseErrors(t *testing.T) {
	for _, bad := range []struct {
		c    Config
		want string
	}{
		{Config{Task: "pairs", BPEDropout: 1.5}, "data.bpe_dropout is 1.5: it must be a probability"},
		{Config{Task: "pairs", BPEDropout: 0.1, BPEDropoutIn: "sources"}, `data.bpe_dropout_in is "sources": it must be one of source, target, both`},
		{Config{BPEDropout: 0.1}, "data.bpe_dropout is 0.1, and data.task is lm: it is for pairs or summary"},
		{Config{Task: "dialogue", BPEDropout: 0.1}, "data.bpe_dropout is 0.1, and data.task is dialogue"},
		{Config{Task: "dialogue", SourceDropout: 0.1}, "data.source_dropout is 0.1, and data.task is dialogue"},
		{Config{WordDropout: 0.1}, "data.word_dropout is 0.1, and data.task is lm: it is for pairs, dialogue or summary"},
		{Config{Task: "pairs", WordDropout: -1}, "data.word_dropout is -1"},
	} {
		_, err := bad.c.resolve()
		assert.ErrorContains(t, err, bad.want)
	}
	c := openRows(t, Config{Task: "pairs", BPEDropout: 0.1}, numbered(60, "N\tN")...)
	_, err := c.Train(4, 32, 1)
	assert.ErrorContains(t, err, "data.bpe_dropout is 0.1, and the tokenizer (char) has no merges to leave out: use -tokenizer bpe")
}

// The replies of a dialogue that a decoder reads are hidden too, and no speakers.
func TestWordDropoutOfDialogues(t *testing.T) {
	var rows []string
	for d := range 40 {
		id := string(rune('A'+d%26)) + string(rune('a'+d/26))
		rows = append(rows, id+"\t0\tann\thello there", id+"\t1\tbob\tgood day", id+"\t2\tann\tand bye")
	}
	c := openRows(t, Config{Task: "dialogue", WordDropout: 1}, rows...)
	b, err := c.Train(4, 64, 1)
	require.NoError(t, err)
	var batch Batch
	require.NoError(t, b.Batch(0, &batch))
	const want = "<|role:ann|>hello there<|end|><|role:bob|>" + "8<|end|><|role:ann|>7"
	hide := strings.NewReplacer("8", strings.Repeat("<|dropped|>", 8), "7", strings.Repeat("<|dropped|>", 7))
	assert.Equal(t, hide.Replace(want), text(t, c, batch.Tokens[:batch.T]))
}
