package runfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var identity = map[string]string{"-seed": "1", "prompts": "ab12"}

// addRecord writes a record and ends it.
func addRecord(t *testing.T, j *Journal, text, state string) {
	t.Helper()
	_, err := j.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, j.Mark(state))
}

func TestJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.txt")
	j, err := OpenJournal(path, identity)
	require.NoError(t, err)
	assert.Empty(t, j.State())
	addRecord(t, j, "one\n", "1 0")
	addRecord(t, j, "two\nlines\n", "2 0")
	_, err = j.Write([]byte("lost"))
	require.NoError(t, err)
	require.NoError(t, j.Close())

	// Killed in the middle of a record, and in that of a line of the journal.
	require.NoError(t, appendTo(path, "thr"))
	require.NoError(t, appendTo(path+".resume", "17 3"))
	j, err = OpenJournal(path, identity)
	require.NoError(t, err)
	assert.Equal(t, "2 0", j.State())
	addRecord(t, j, "three\n", "3 1")
	require.NoError(t, j.Close())
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "one\ntwo\nlines\nthree\n", string(text))

	// The end of the output was lost with the power.
	require.NoError(t, os.Truncate(path, 9))
	j, err = OpenJournal(path, identity)
	require.NoError(t, err)
	assert.Equal(t, "1 0", j.State())
	addRecord(t, j, "2\n", "2 0")
	require.NoError(t, j.Finish())
	text, err = os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "one\n2\n", string(text))
	assert.NoFileExists(t, path+".resume")
	_, err = OpenJournal(path, identity)
	assert.EqualError(t, err, path+" exists, and is complete or of another origin: delete it, or choose another name")
}

func appendTo(path, text string) error {
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(old, text...), 0o666)
}

func TestJournalRefuses(t *testing.T) {
	for name, c := range map[string]struct{ journal, out, want string }{
		"other identity": {`{"-seed":"2","-top-p":"0.5","prompts":"ab12"}` + "\n", "", "was begun with another -seed, -top-p: call the same command"},
		"no identity":    {"seed", "text", "does not say how far"},
		"not JSON":       {"seed 1\n", "", "is damaged"},
		"no numbers":     {`{"-seed":"1","prompts":"ab12"}` + "\nx 1\n", "", `is damaged at "x 1"`},
		"going back":     {`{"-seed":"1","prompts":"ab12"}` + "\n5 1\n3 2\n", "12345", `is damaged at "3 2"`},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "out.txt")
			require.NoError(t, os.WriteFile(path+".resume", []byte(c.journal), 0o666))
			require.NoError(t, os.WriteFile(path, []byte(c.out), 0o666))
			_, err := OpenJournal(path, identity)
			require.ErrorContains(t, err, c.want)
			assert.ErrorContains(t, err, path)
			assert.NotContains(t, err.Error(), "\n")
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, c.out, string(text), "nothing changes")
		})
	}
	path := filepath.Join(t.TempDir(), "out.txt")
	j, err := OpenJournal(path, identity)
	require.NoError(t, err)
	defer j.Close()
	_, err = OpenJournal(path, identity)
	assert.ErrorContains(t, err, "is being written by another process")
	_, err = OpenJournal(filepath.Join(path, "in a file"), identity)
	assert.Error(t, err)
}

// Whatever a journal holds, it is read without a panic, and the output never grows by opening it.
func FuzzJournal(f *testing.F) {
	head := `{"-seed":"1","prompts":"ab12"}` + "\n"
	f.Add(head+"3 1\n5 2\n", "12345")
	f.Add(head+"9 1\n", "1")
	f.Add("", "")
	f.Fuzz(func(t *testing.T, journal, out string) {
		path := filepath.Join(t.TempDir(), "o")
		require.NoError(t, os.WriteFile(path+".resume", []byte(journal), 0o666))
		require.NoError(t, os.WriteFile(path, []byte(out), 0o666))
		if j, err := OpenJournal(path, identity); err == nil {
			require.NoError(t, j.Close())
		}
		after, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(out, string(after)))
	})
}
