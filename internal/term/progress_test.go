package term

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// plain calls use with a Progress that writes to a file, and returns the lines.
func plain(t *testing.T, total int, use func(*Progress)) []string {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "log"))
	require.NoError(t, err)
	defer f.Close()
	use(New(f, total, "train"))
	raw, err := os.ReadFile(f.Name())
	require.NoError(t, err)
	assert.NotContains(t, string(raw), "\r")
	assert.NotContains(t, string(raw), "\x1b")
	return strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n")
}

func TestPlainLines(t *testing.T) {
	lines := plain(t, 30, func(p *Progress) {
		for n := 1; n <= 30; n++ {
			p.Update(n, "loss 2.5")
			if n == 10 {
				p.Println("sample:", "春眠不觉晓")
			}
		}
		p.Done()
	})
	// The first state, the line of Println, and the last state; the time is too short for others.
	assert.Equal(t, []string{"train 1/30 loss 2.5 [0s]", "sample: 春眠不觉晓", "train 30/30 loss 2.5 [0s]"}, lines)
}

func TestPlainLineOfAResumedRun(t *testing.T) {
	// 100 of the 150 units were done before; 10 more took 20 s: 40 more will take 80 s.
	p := &Progress{what: "train", total: 150, n: 110, first: 100, begun: time.Now().Add(-20 * time.Second)}
	assert.Equal(t, "train 110/150 [20s, 1m20s left]", p.line())
}

// Steps do not say how much of a run with a time limit is over.
func TestPlainShares(t *testing.T) {
	p := &Progress{what: "train", total: thousand, share: true, first: 5, n: 255, text: "step 650 loss 3.9", begun: time.Now().Add(-time.Minute)}
	assert.Equal(t, "train 25% step 650 loss 3.9 [1m0s, 2m59s left]", p.line())

	p = NewShare(io.Discard, "train")
	p.UpdateShare(0.999, "step 9")
	assert.True(t, strings.HasPrefix(p.line(), "train 99% step 9 ["), p.line())
}

func TestPlainUnknownTotal(t *testing.T) {
	assert.Equal(t, []string{"read 5 [0s]"}, plain(t, 0, func(p *Progress) {
		p.what = "read"
		p.Update(5, "")
		p.Done()
	}))
}

func TestNilProgress(t *testing.T) {
	var p *Progress
	assert.NotPanics(t, func() {
		p.Update(1, "x")
		p.Println("x")
		p.Done()
	})
}
