package runfile

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func record(step int) Record {
	return Record{step, map[string]float64{"loss": 1 / float64(step+1), "lr": 1e-3}}
}

func writeMetrics(t *testing.T, path string, after int, steps ...int) {
	t.Helper()
	m, err := OpenMetrics(path, after)
	require.NoError(t, err)
	for _, s := range steps {
		require.NoError(t, m.Append(record(s)))
	}
	require.NoError(t, m.Close())
}

func TestMetricsResume(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metrics.jsonl")
	writeMetrics(t, path, -1, 0, 10, 20, 30)
	writeMetrics(t, path, 20, 30, 40) // killed after 30, resumed from the save at 20
	got, err := ReadMetrics(path)
	require.NoError(t, err)
	assert.Equal(t, []Record{record(0), record(10), record(20), record(30), record(40)}, got)
	writeMetrics(t, path, -1, 5)
	got, err = ReadMetrics(path)
	require.NoError(t, err)
	assert.Equal(t, []Record{record(5)}, got)
}

// A kill −9 during a write may leave any prefix of the last line.
func TestMetricsTornLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metrics.jsonl")
	writeMetrics(t, path, -1, 1, 2)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	first := strings.IndexByte(string(whole), '\n') + 1
	for n := first; n < len(whole); n++ {
		require.NoError(t, os.WriteFile(path, whole[:n], 0o666))
		got, err := ReadMetrics(path)
		require.NoError(t, err)
		require.Equal(t, []Record{record(1)}, got)
		writeMetrics(t, path, 1, 2)
		again, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(whole), string(again))
	}
}

func TestMetricsLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metrics.jsonl")
	m, err := OpenMetrics(path, -1)
	require.NoError(t, err)
	in := Record{7, map[string]float64{"loss": math.NaN(), "困惑度": 1.5, "bleu": 0.1}}
	require.NoError(t, m.Append(in))
	assert.ErrorContains(t, m.Append(Record{8, map[string]float64{"step": 1}}), "step")
	require.NoError(t, m.Close())
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, `{"step":7,"bleu":0.1,"loss":null,"困惑度":1.5}`+"\n", string(raw))
	got, err := ReadMetrics(path)
	require.NoError(t, err)
	assert.True(t, math.IsNaN(got[0].Values["loss"]))
	assert.Equal(t, 1.5, got[0].Values["困惑度"])
}

func TestMetricsRefuses(t *testing.T) {
	for _, tt := range []struct{ name, content, want string }{
		{"garbage", "{\"step\":1}\nhello\n{\"step\":2}\n", "line 2"},
		{"no step", "{\"loss\":1}\n", "line 1"},
		{"half a step", "{\"step\":1.5}\n", "whole number"},
		{"text", "{\"step\":1,\"loss\":\"low\"}\n", "line 1"},
		{"empty line", "{\"step\":1}\n\n", "line 2"},
		{"long line", strings.Repeat("x", maxRecord+1), "line 1: longer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "metrics.jsonl")
			require.NoError(t, os.WriteFile(path, []byte(tt.content), 0o666))
			_, err := ReadMetrics(path)
			assert.ErrorContains(t, err, tt.want)
			_, err = OpenMetrics(path, 5)
			assert.ErrorContains(t, err, path)
			after, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, tt.content, string(after), "an invalid file must not be changed")
		})
	}
}

// For any bytes, scanRecords returns an error or records that can be written and read again.
func FuzzScanRecords(f *testing.F) {
	f.Add("{\"step\":1,\"loss\":2.5}\n{\"step\":2,\"loss\":null}\n{\"st")
	f.Fuzz(func(t *testing.T, content string) {
		size, err := scanRecords(strings.NewReader(content), func(r Record) bool {
			line, err := r.MarshalJSON()
			require.NoError(t, err)
			var again Record
			require.NoError(t, again.UnmarshalJSON(line))
			require.Equal(t, r.Step, again.Step)
			require.Len(t, again.Values, len(r.Values))
			return true
		})
		require.LessOrEqual(t, size, int64(len(content)))
		if err == nil {
			require.Equal(t, int64(strings.LastIndexByte(content, '\n')+1), size)
		}
	})
}
