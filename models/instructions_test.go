package models

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/layers/graph"
)

var updateInstructions = flag.Bool("update-instructions", false, "write testdata/instructions.json")

// numbers are those of the ops of a graph, in the order of declaration: of ops that no program runs, too.
var numbers = regexp.MustCompile(`#\d+`)

// instructions describes a compiled program: the number of its instructions, and a hash of their ops,
// operands first.
func instructions(p *Program) string {
	var names []string
	for _, n := range p.order {
		name := n.Name()
		if n.Op() != nil {
			name = numbers.ReplaceAllString(n.Op().String(), "")
		}
		if strings.HasPrefix(name, "Read") || strings.Contains(name, "0x") {
			name = "read" // its name is an address
		}
		names = append(names, fmt.Sprint(name, n.Shape()))
	}
	sum := sha256.Sum256([]byte(strings.Join(names, "\n")))
	return fmt.Sprintf("%d %s", len(names), hex.EncodeToString(sum[:8]))
}

// Programs that read and change nothing have the instructions that they had before layers named
// their parts: naming a value costs no run anything.
func TestNamesCostNoInstructions(t *testing.T) {
	const file = "testdata/instructions.json"
	got := map[string]string{}
	for _, name := range Names() {
		m, err := New(name)
		require.NoError(t, err)
		if _, counts := m.(Predictor); counts {
			continue
		}
		m.Common().Vocab = 50
		f, w := graph.Frame{B: 2, T: 8, S: SourceOf(m)}, graph.NewWeights(1)
		train, err := Train(m, w, f, Options{})
		require.NoError(t, err)
		score, err := Score(m, w, f)
		require.NoError(t, err)
		f.Memory = graph.NewMemory(2, 16)
		decode, err := Decode(m, w, f)
		require.NoError(t, err)
		got[name+" train"], got[name+" score"], got[name+" decode"] = instructions(train), instructions(score), instructions(decode)
	}
	if *updateInstructions {
		raw, err := json.MarshalIndent(got, "", "\t")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, append(raw, '\n'), 0o600))
	}
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	var want map[string]string
	require.NoError(t, json.Unmarshal(raw, &want))
	assert.Equal(t, want, got)
}
