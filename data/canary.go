package data

import (
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"euryale/data/textfile"
)

// Canary is a line with a random secret that is planted in a training text, to measure how much a model
// remembers of it (Carlini et al. 2019, https://arxiv.org/abs/1802.08232).
type Canary struct {
	Before, Secret, After string // the line; Secret is of random digits
	Repeats               int    // how often it is planted; 0: not at all, a control
}

// Line returns the line that is planted.
func (c Canary) Line() string { return c.Before + c.Secret + c.After }

// The defaults of canary_format and canary_repeats.
const (
	canaryFormat  = "My secret number is #########."
	canaryRepeats = "100,10,1"
)

// maxCanaries is the most canaries of a text, and maxPlanted the size of the largest text that they are planted in.
const (
	maxCanaries = 1000
	maxPlanted  = 256 << 20
)

// CanaryLines returns the canaries of the configuration, the same for the same data.seed, and as many controls,
// which have other secrets and are not planted.
func (c Config) CanaryLines() (planted, controls []Canary, err error) {
	before, after, digits, repeats, err := c.canaryKeys()
	if err != nil || c.Canaries == 0 {
		return nil, nil, err
	}
	rng := rand.New(rand.NewPCG(c.Seed, 0xca4a41e5))
	known := map[string]bool{}
	for i := range 2 * c.Canaries {
		var secret strings.Builder
		for secret.Len() == 0 || known[secret.String()] {
			secret.Reset()
			for range digits {
				secret.WriteByte(byte('0' + rng.IntN(10)))
			}
		}
		known[secret.String()] = true
		one := Canary{before, secret.String(), after, 0}
		if i < c.Canaries {
			one.Repeats = repeats[i%len(repeats)]
			planted = append(planted, one)
		} else {
			controls = append(controls, one)
		}
	}
	return planted, controls, nil
}

// canaryKeys reads the keys of canaries, and returns the parts of the line and the numbers of repetitions.
func (c Config) canaryKeys() (before, after string, digits int, repeats []int, err error) {
	setDefault(&c.CanaryFormat, canaryFormat)
	setDefault(&c.CanaryRepeats, canaryRepeats)
	if c.Canaries < 0 || c.Canaries > maxCanaries {
		return "", "", 0, nil, fmt.Errorf("data.canaries is %d: it must be from 0 (none) to %d", c.Canaries, maxCanaries)
	}
	first, last := strings.IndexByte(c.CanaryFormat, '#'), strings.LastIndexByte(c.CanaryFormat, '#')
	digits = strings.Count(c.CanaryFormat, "#")
	if first < 1 || last-first+1 != digits || digits < 4 || digits > 18 || strings.Contains(c.CanaryFormat, "\n") {
		return "", "", 0, nil, fmt.Errorf("data.canary_format is %q: it must be a line of text with 4 to 18 # in a row after its beginning, one for each random digit, such as %q", c.CanaryFormat, canaryFormat)
	}
	for word := range strings.SplitSeq(c.CanaryRepeats, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || n < 1 || n > 1_000_000 {
			return "", "", 0, nil, fmt.Errorf("data.canary_repeats is %q: it must be numbers of 1 or more, such as %q, which the canaries take in turn", c.CanaryRepeats, canaryRepeats)
		}
		repeats = append(repeats, n)
	}
	return c.CanaryFormat[:first], c.CanaryFormat[last+1:], digits, repeats, nil
}

// plant returns a text with the canaries at random ends of lines of its training part. Without canaries it is
// the text itself.
func (c Config) plant(text textfile.Source) (textfile.Source, []string, error) {
	planted, _, err := c.CanaryLines()
	if err != nil || len(planted) == 0 {
		return text, nil, err
	}
	r := text.Reader()
	defer r.Close()
	content, err := io.ReadAll(io.LimitReader(r, maxPlanted+1))
	if err != nil {
		return text, nil, err
	}
	if len(content) > maxPlanted {
		return text, nil, fmt.Errorf("data.canaries is %d, and the text has more than %d MiB: canaries are planted in a text in memory: leave data.canaries at 0, or train on a part of the text", c.Canaries, maxPlanted>>20)
	}
	var lines []string
	added := 0
	for _, p := range planted {
		for range p.Repeats {
			lines = append(lines, p.Line()+"\n")
			added += len(p.Line()) + 1
		}
	}
	ends := lineEnds(content, int(c.Split*float64(len(content))-(1-c.Split)*float64(added)))
	if len(ends) == 0 {
		return text, nil, fmt.Errorf("data.canaries is %d: the training part has no end of a line after which they can be planted", c.Canaries)
	}
	note := fmt.Sprintf("%d canaries are planted in the training part, %d lines in all (data.canaries)", len(planted), len(lines))
	return textfile.Source{Memory: plantLines(content, lines, ends, c.Seed)}, []string{note}, nil
}

// lineEnds returns the offsets after the newlines of a text before limit: canaries that are planted there stay in
// the training part, though the text grows.
func lineEnds(content []byte, limit int) (ends []int) {
	for i := range max(0, min(limit, len(content))) {
		if content[i] == '\n' {
			ends = append(ends, i+1)
		}
	}
	return ends
}

// plantLines inserts each line at a random one of the offsets.
func plantLines(content []byte, lines []string, ends []int, seed uint64) string {
	rng := rand.New(rand.NewPCG(seed, 0x91a47))
	rng.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	places := make([]int, len(lines))
	for i := range places {
		places[i] = ends[rng.IntN(len(ends))]
	}
	slices.Sort(places)
	var b strings.Builder
	at := 0
	for i, line := range lines {
		b.Write(content[at:places[i]])
		b.WriteString(line)
		at = places[i]
	}
	b.Write(content[at:])
	return b.String()
}
