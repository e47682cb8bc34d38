package training

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The run that an imported LSTM becomes scores text as the network did where it came
// from: 1.2595 nats a character, by interchange/testdata/ml5.py.
func TestImportedLSTMIsARun(t *testing.T) {
	const from = "../../shared/models/ml5_charrnn_shakespeare"
	text, err := os.ReadFile("../../shared/data/tinyshakespeare.txt")
	if _, missing := os.Stat(from); err != nil || missing != nil {
		t.Skip("the shared models and data are not there")
	}
	dir := filepath.Join(t.TempDir(), "ml5")
	_, err = Import(from, "", dir)
	require.NoError(t, err)
	saved, err := Open(dir, false)
	require.NoError(t, err)
	g, err := saved.Generator()
	require.NoError(t, err)
	s, err := g.Score(context.Background(), string(text[100000:120000]), 0, nil)
	require.NoError(t, err)
	assert.InDelta(t, 1.2595, s.NLLPerToken, 5e-5)
}
