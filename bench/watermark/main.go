// Command watermark measures the watermarks of generation: how many texts are found, by length and by how many
// words are deleted, what a watermark costs in perplexity, and how many texts of people are found. It prints
// tables in Markdown and draws the curves.
//
//	go run ./cmd/train -config configs/watermark-gpt.toml -data path/to/tinyshakespeare.txt -out runs/watermark
//	go run ./bench/watermark -run runs/watermark -human path/to/summary_en_debian.tsv -out docs/pictures
//
// The keys are made from numbers, so that the figures can be repeated. It takes some minutes on two cores.
package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"euryale/evaluation"
	"euryale/evaluation/metrics"
	"euryale/generation"
	"euryale/generation/watermark"
	"euryale/layers/draw"
	"euryale/training"
)

func main() {
	b := &bench{}
	run := flag.String("run", "", "`DIR` run that generates the texts")
	flag.StringVar(&b.human, "human", "", "`FILE` texts of people, one a line; of a table the longest column")
	flag.StringVar(&b.out, "out", ".", "`DIR` for the pictures")
	flag.IntVar(&b.texts, "texts", 200, "`N` texts of each kind")
	flag.IntVar(&b.tokens, "tokens", 200, "`N` tokens of a text")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := b.measure(ctx, *run); err != nil {
		fmt.Fprintln(os.Stderr, "watermark:", err)
		os.Exit(1)
	}
}

type bench struct {
	human, out    string
	texts, tokens int
	gen           *generation.Generator
}

// kind is a way to generate texts, and what it generated.
type kind struct {
	name  string
	key   *watermark.Key // nil: none
	texts []string
	nll   []float64 // of each text: mean nats of a token under the model
}

// numbered returns a key whose secret is the hash of a number.
func numbered(method string, n, context int) *watermark.Key {
	secret := sha256.Sum256(fmt.Append(nil, "euryale bench ", n))
	k := &watermark.Key{Method: method, Secret: secret[:], Context: context}
	if method == watermark.Tournament {
		k.Layers = 30
	} else {
		k.Gamma, k.Delta = 0.25, 2
	}
	return k
}

func (b *bench) measure(ctx context.Context, run string) error {
	saved, err := training.Open(run, false)
	if err != nil {
		return err
	}
	if b.gen, err = saved.Generator(); err != nil {
		return err
	}
	kinds := []*kind{{name: "none"}, {name: "green list", key: numbered(watermark.GreenList, 0, 4)}, {name: "tournament", key: numbered(watermark.Tournament, 0, 4)}}
	for _, k := range kinds {
		if err := b.generate(ctx, k); err != nil {
			return err
		}
	}
	b.cost(os.Stdout, kinds)
	if err := b.lengths(os.Stdout, kinds[1:]); err != nil {
		return err
	}
	if err := b.dropout(os.Stdout, kinds[1:]); err != nil {
		return err
	}
	return b.falsePositives(os.Stdout)
}

// generate generates the texts of a kind, each with a random number of its own, at temperature 1.
func (b *bench) generate(ctx context.Context, k *kind) error {
	s := generation.Settings{Tokens: b.tokens, Temperature: 1, Seed: 1, Watermark: k.key}
	p, err := b.gen.Prompt("")
	if err != nil {
		return err
	}
	index := -1
	next := func() (generation.Prompt, int, error) {
		if index++; index == b.texts {
			return generation.Prompt{}, 0, io.EOF
		}
		return p, index, ctx.Err()
	}
	return b.gen.Batch(ctx, 16, s, next, func(r generation.Result) error {
		sum := 0.0
		for _, l := range r.Logprobs {
			sum -= l
		}
		k.texts, k.nll = append(k.texts, r.Text), append(k.nll, sum/float64(len(r.Logprobs)))
		return nil
	})
}

// cost prints the perplexity of the texts under the model without watermark.
func (b *bench) cost(w io.Writer, kinds []*kind) {
	fmt.Fprintf(w, "%d texts of %d tokens\n\n| watermark | nats per token | perplexity | 4-grams of words that repeat |\n| --- | --- | --- | --- |\n", b.texts, b.tokens)
	for _, k := range kinds {
		mean, half := meanOf(k.nll)
		fmt.Fprintf(w, "| %s | %.3f ± %.3f | %.1f | %.4f |\n", k.name, mean, half, math.Exp(mean), metrics.RepetitionRate(k.texts, 4))
	}
}

// meanOf returns the mean of x and half of its interval at 95 %.
func meanOf(x []float64) (mean, half float64) {
	for _, v := range x {
		mean += v / float64(len(x))
	}
	squares := 0.0
	for _, v := range x {
		squares += (v - mean) * (v - mean)
	}
	n := float64(len(x))
	return mean, 1.96 * math.Sqrt(squares/(n-1)/n)
}

// found returns the share of texts with p < 0.01, as a detector reads them: from their characters. One that is
// too short is not found.
func (b *bench) found(k *watermark.Key, texts []string, change func(i int, text string) string) (metrics.Share, float64) {
	n, z := 0, 0.0
	for i, text := range texts {
		f, _, err := evaluation.DetectText(k, b.gen.Tokenizer, change(i, text))
		if err == nil && f.P < evaluation.DetectLevel {
			n++
		}
		z += f.Z / float64(len(texts))
	}
	return metrics.NewShare(n, len(texts)), z
}

// curve prints and draws the share of texts that are found after each change.
func (b *bench) curve(w io.Writer, kinds []*kind, name, label string, at []float64, change func(x float64) func(i int, text string) string) error {
	chart := draw.Chart{Title: "Share of texts found at p < 0.01", XLabel: label, YLabel: "share found"}
	fmt.Fprintf(w, "\n| %s |", label)
	for _, k := range kinds {
		fmt.Fprintf(w, " %s | mean z |", k.name)
		chart.Series = append(chart.Series, draw.Series{Name: k.name, X: at})
	}
	fmt.Fprintf(w, "\n| --- |%s\n", strings.Repeat(" --- | --- |", len(kinds)))
	for _, x := range at {
		fmt.Fprintf(w, "| %v |", x)
		for i, k := range kinds {
			share, z := b.found(k.key, k.texts, change(x))
			fmt.Fprintf(w, " %.3f (%.3f to %.3f) | %.1f |", share.Value, share.Low, share.High, z)
			chart.Series[i].Y = append(chart.Series[i].Y, share.Value)
		}
		fmt.Fprintln(w)
	}
	return os.WriteFile(filepath.Join(b.out, "watermark-"+name+".svg"), []byte(chart.SVG()), 0o666)
}

// lengths is the curve over the number of tokens of a text.
func (b *bench) lengths(w io.Writer, kinds []*kind) error {
	return b.curve(w, kinds, "length", "tokens", []float64{20, 30, 40, 50, 75, 100, 150, 200}, func(x float64) func(int, string) string {
		return func(_ int, text string) string {
			ids, err := b.gen.Tokenizer.Encode(text)
			if err != nil || len(ids) <= int(x) {
				return text
			}
			short, err := b.gen.Tokenizer.Decode(ids[:int(x)])
			if err != nil {
				return text
			}
			return short
		}
	})
}

// dropout is the curve over the fraction of words that are deleted.
func (b *bench) dropout(w io.Writer, kinds []*kind) error {
	return b.curve(w, kinds, "dropout", "fraction of words deleted", []float64{0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7}, func(x float64) func(int, string) string {
		return func(i int, text string) string {
			rng := rand.New(rand.NewPCG(uint64(i), math.Float64bits(x)))
			var kept []string
			for _, word := range strings.SplitAfter(text, " ") {
				if rng.Float64() >= x {
					kept = append(kept, word)
				}
			}
			return strings.Join(kept, "")
		}
	})
}

// humanTexts is how many texts of people are tested, and leastTokens how long each is.
const humanTexts, leastTokens = 2000, 60

// falsePositives prints how many texts of people are found, over ten keys of each kind.
func (b *bench) falsePositives(w io.Writer) error {
	texts, err := b.humanTexts()
	if err != nil {
		return err
	}
	const keys = 10
	fmt.Fprintf(w, "\n%d texts of people, %d keys\n\n| watermark | context | found at p < 0.01, over keys: mean | least | most |\n| --- | --- | --- | --- | --- |\n", len(texts), keys)
	for _, method := range []string{watermark.GreenList, watermark.Tournament} {
		for _, context := range []int{1, 2, 4} {
			mean, least, most := 0.0, 1.0, 0.0
			for n := range keys {
				share, _ := b.found(numbered(method, n, context), texts, func(_ int, text string) string { return text })
				mean, least, most = mean+share.Value/keys, min(least, share.Value), max(most, share.Value)
			}
			fmt.Fprintf(w, "| %s | %d | %.2f %% | %.2f %% | %.2f %% |\n", method, context, 100*mean, 100*least, 100*most)
		}
	}
	return nil
}

// humanTexts reads the texts of people, of at most as many tokens as the generated ones.
func (b *bench) humanTexts() (texts []string, err error) {
	lines, _, _, err := evaluation.ReadTexts(b.human, true)
	if err != nil {
		return nil, err
	}
	for _, line := range lines {
		longest := ""
		for column := range strings.SplitSeq(line, "\t") {
			if len(column) > len(longest) {
				longest = column
			}
		}
		ids, err := b.gen.Tokenizer.Encode(longest)
		if err != nil || len(ids) < leastTokens {
			continue
		}
		text, err := b.gen.Tokenizer.Decode(ids[:min(len(ids), b.tokens)])
		if err != nil {
			continue
		}
		if texts = append(texts, text); len(texts) == humanTexts {
			return texts, nil
		}
	}
	return nil, errors.New("the file has fewer than 2000 texts of 60 tokens")
}
