package store

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/tokenizer"
	"euryale/internal/runfile"
)

func TestWideTokenFile(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "x.tokens"))
	require.NoError(t, err)
	w, err := newWriter(f, 1<<17)
	require.NoError(t, err)
	want := []int{0, 1<<17 - 1, 65536, 7}
	require.NoError(t, w.Append(want))
	require.NoError(t, w.finish())
	tokens, h, err := open(f.Name())
	require.NoError(t, err)
	defer tokens.Close()
	assert.EqualValues(t, 4, h.Width)
	ids := make([]int, 4)
	tokens.Copy(ids, 0)
	assert.Equal(t, want, ids)
	held, err := readIDs(f, h)
	require.NoError(t, err)
	held.Copy(ids, 0)
	assert.Equal(t, want, ids, "as read where files are not mapped")
}

// A failed write leaves no file behind.
func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	if err != nil {
		t.Skip("this system has no /dev/full")
	}
	defer full.Close()
	path := filepath.Join(t.TempDir(), "x.tokens")
	err = runfile.FillAtomic(path, func(*os.File) error {
		return new(Cache).writeTo(full, tokenizer.NewByte(), func(w *Writer) error { return w.Append(make([]int, 4<<20)) })
	})
	assert.ErrorContains(t, err, "no space left on device")
	left, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	assert.Empty(t, left)
}

// Temporary files of preparations that were killed are removed, those of running ones are not, and other
// files are not touched.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	c := NewCache(dir, nil, [32]byte{}, "", "")
	require.NoError(t, c.Sweep(), "there is no directory yet")
	require.NoError(t, c.MakeDir())
	ago := time.Now().Add(-25 * time.Hour)
	for _, name := range []string{".aa.tokens.01234567.tmp", ".bb.json.89abcdef.tmp", "cc.tokens.tmp123", "cc.tokens", "dd.json"} {
		path := filepath.Join(c.dir, name)
		require.NoError(t, os.WriteFile(path, nil, 0o644))
		require.NoError(t, os.Chtimes(path, ago, ago))
	}
	require.NoError(t, os.WriteFile(filepath.Join(c.dir, "ee.tokens.tmp7"), nil, 0o644)) // of an older version that runs
	require.NoError(t, runfile.FillAtomic(filepath.Join(c.dir, "ff.tokens"), func(f *os.File) error { return c.Sweep() }))
	left, err := os.ReadDir(c.dir)
	require.NoError(t, err)
	var names []string
	for _, e := range left {
		names = append(names, e.Name())
	}
	assert.Equal(t, []string{"cc.tokens", "dd.json", "ee.tokens.tmp7", "ff.tokens"}, names)
}

// An invalid token file is an error, and all ids of an accepted one can be read.
func FuzzTokenFile(f *testing.F) {
	path := filepath.Join(f.TempDir(), "x.tokens")
	file, err := os.Create(path)
	require.NoError(f, err)
	w, err := newWriter(file, 300)
	require.NoError(f, err)
	require.NoError(f, w.Append([]int{1, 2, 299}))
	require.NoError(f, w.finish())
	whole, err := os.ReadFile(path)
	require.NoError(f, err)
	f.Add(whole, uint64(3), uint64(300))
	f.Add(whole, uint64(1)<<63, uint64(2))
	f.Add(whole[:100], uint64(0), uint64(0))
	f.Fuzz(func(t *testing.T, content []byte, count, vocab uint64) {
		if len(content) >= headerSize {
			binary.LittleEndian.PutUint64(content[16:], vocab)
			binary.LittleEndian.PutUint64(content[24:], count)
		}
		path := filepath.Join(t.TempDir(), "x.tokens")
		require.NoError(t, os.WriteFile(path, content, 0o644))
		tokens, h, err := open(path)
		if err != nil {
			return
		}
		defer tokens.Close()
		ids := make([]int, tokens.Len())
		tokens.Copy(ids, 0)
		for _, id := range ids {
			assert.Less(t, uint64(id), h.Vocab)
		}
	})
}
