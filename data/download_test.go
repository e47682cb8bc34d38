package data

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/tokenizer"
	"euryale/internal/runfile"
)

// published is a file on a test server, with the requests it received.
type published struct {
	entry
	content  []byte
	requests []string // their Range headers
	handle   http.HandlerFunc
}

// publish starts a server of content.
func publish(t *testing.T, content string) *published {
	t.Helper()
	p := &published{content: []byte(content)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.requests = append(p.requests, r.Header.Get("Range"))
		if p.handle != nil {
			p.handle(w, r)
			return
		}
		http.ServeContent(w, r, "x.txt", time.Time{}, bytes.NewReader(p.content))
	}))
	t.Cleanup(server.Close)
	sum := sha256.Sum256(p.content)
	p.entry = entry{file: "x.txt", url: server.URL, size: int64(len(content)), sha256: hex.EncodeToString(sum[:])}
	return p
}

// Of two processes that need a file one downloads it.
func TestDownloadIsLocked(t *testing.T) {
	t.Setenv(DataDirVariable, "")
	p, opts := publish(t, "text"), Options{Cache: t.TempDir()}
	corpora := filepath.Join(opts.Cache, "corpora")
	require.NoError(t, os.MkdirAll(corpora, 0o755))
	lock, err := runfile.LockDir(corpora)
	require.NoError(t, err)
	_, _, err = p.find("x", opts)
	assert.ErrorContains(t, err, corpora+" is still being written")
	assert.Empty(t, p.requests)
	require.NoError(t, lock.Unlock())
	_, _, err = p.find("x", opts)
	require.NoError(t, err)
	left, err := os.ReadDir(corpora)
	require.NoError(t, err)
	assert.Len(t, left, 1)
}

func TestDownload(t *testing.T) {
	t.Setenv(DataDirVariable, "")
	p := publish(t, strings.Repeat("text ", 1000))
	var log bytes.Buffer
	opts := Options{Cache: t.TempDir(), Log: &log}
	for range 2 {
		path, notes, err := p.find("x", opts)
		require.NoError(t, err)
		assert.Empty(t, notes)
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, p.content, got)
		assert.NoFileExists(t, path+".part")
	}
	assert.Equal(t, []string{""}, p.requests, "downloaded once")
	assert.Contains(t, log.String(), "downloading x")
}

func TestDownloadResumes(t *testing.T) {
	content := strings.Repeat("text ", 1000)
	for name, tt := range map[string]struct {
		part   string
		handle http.HandlerFunc
		ranges []string
	}{
		"resumed":                {part: content[:1234], ranges: []string{"bytes=1234-"}},
		"complete already":       {part: content},
		"too long":               {part: content + "x", ranges: []string{""}},
		"server does not resume": {content[:1234], func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, content) }, []string{"bytes=1234-"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := publish(t, content)
			p.handle = tt.handle
			path := filepath.Join(t.TempDir(), "x.txt")
			require.NoError(t, os.WriteFile(path+".part", []byte(tt.part), 0o644))
			require.NoError(t, p.fetch("x", path, Options{}))
			got, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, content, string(got))
			assert.Equal(t, tt.ranges, p.requests)
		})
	}
}

func TestDownloadResumesAfterALostConnection(t *testing.T) {
	p := publish(t, strings.Repeat("text ", 100000))
	p.handle = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(p.size))
		w.Write(p.content[:p.size/2]) // then the connection is closed
	}
	path := filepath.Join(t.TempDir(), "x.txt")
	assert.Error(t, p.fetch("x", path, Options{}))
	assert.NoFileExists(t, path)
	p.handle = nil
	require.NoError(t, p.fetch("x", path, Options{}))
	assert.Regexp(t, `bytes=\d+-`, p.requests[1])
}

func TestDownloadIsRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		serve, want string
	}{
		"another checksum": {"toxt", "the file was discarded"},
		"too short":        {"tex", "it ended after 3 of 4 bytes"},
		"too long":         {"text and more", "the file was discarded"},
	} {
		t.Run(name, func(t *testing.T) {
			p := publish(t, "text")
			p.handle = func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, tt.serve) }
			path := filepath.Join(t.TempDir(), "x.txt")
			assert.ErrorContains(t, p.fetch("x", path, Options{}), tt.want)
			assert.NoFileExists(t, path)
		})
	}
	p := publish(t, "text")
	p.handle = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Range", "bytes 0-1/4") // requested were the bytes from 1 on
		w.WriteHeader(http.StatusPartialContent)
	}
	path := filepath.Join(t.TempDir(), "x.txt")
	require.NoError(t, os.WriteFile(path+".part", []byte("t"), 0o644))
	assert.ErrorContains(t, p.fetch("x", path, Options{}), "the server answered 206")
	p.handle = http.NotFound
	assert.ErrorContains(t, p.fetch("x", filepath.Join(t.TempDir(), "x.txt"), Options{}), "404")
}

func TestOfflineErrorSaysWhereToSaveTheFile(t *testing.T) {
	t.Setenv(DataDirVariable, "")
	cache := t.TempDir()
	offline := entry{file: "x.txt", url: "http://127.0.0.1:1/x.txt", size: 4}
	_, _, err := offline.find("x", Options{Cache: cache})
	assert.ErrorContains(t, err, "download http://127.0.0.1:1/x.txt by other means and save it as "+filepath.Join(cache, "corpora", "x.txt"))
	_, _, err = registry["tang"].find("tang", Options{Cache: cache})
	assert.ErrorContains(t, err, "tab-separated columns (form, title, author, text)")
	assert.ErrorContains(t, err, filepath.Join(cache, "corpora", "tang_jueju.tsv"))
	// A table made by the user is accepted, with a note.
	require.NoError(t, os.MkdirAll(filepath.Join(cache, "corpora"), 0o755))
	rows := strings.Join(numbered(60, "五绝\tN\tB\tbN"), "\n")
	require.NoError(t, os.WriteFile(filepath.Join(cache, "corpora", "tang_jueju.tsv"), []byte(rows), 0o644))
	c, err := Open(Config{Name: "tang"}, tokenizer.Config{}, nil, Options{Cache: cache})
	require.NoError(t, err)
	assert.Contains(t, c.Describe(), "not the file that this project's results were measured on")
}

// Every named corpus whose file is available opens, and the file has the registered checksum.
func TestNamedCorpora(t *testing.T) {
	t.Setenv(DataDirVariable, filepath.Dir(shared(t, "tang_jueju.tsv")))
	for name, want := range map[string]struct{ train, valid int }{
		// The numbers of lines, turns and rows that the sources state, without those that are no answer.
		"tinyshakespeare": {1003854, 111540},
		"tang":            {}, "tatoeba": {}, "kdconv": {}, "coffee": {}, "debian": {},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := Open(Config{Name: name}, tokenizer.Config{}, nil, Options{Cache: t.TempDir()})
			require.NoError(t, err)
			if name == "coffee" {
				assert.Len(t, c.Info.Notes, 1)
				assert.Regexp(t, `^3 of the \d+ dialogues of the validation part are in the training part too`, c.Info.Notes[0])
			} else {
				assert.Empty(t, c.Info.Notes, "the checksum is right and no row is ragged")
			}
			assert.NotEmpty(t, c.Info.Licence)
			if want.train > 0 {
				assert.Equal(t, want.train, c.Info.Train)
				assert.Equal(t, want.valid, c.Info.Valid)
			}
			b, err := c.Valid(8, 128)
			require.NoError(t, err)
			var batch Batch
			require.NoError(t, b.Batch(0, &batch))
			assert.True(t, asks(batch.Targets))
		})
	}
}

func TestNamesAreListed(t *testing.T) {
	assert.Equal(t, []string{"coffee", "copy", "debian", "kdconv", "opticks", "quotes", "repeats", "reverse", "tales", "tang", "tatoeba", "tinyshakespeare"}, Names())
}
