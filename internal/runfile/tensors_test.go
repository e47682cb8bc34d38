package runfile

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nlpodyssey/safetensors"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// everyType returns a tensor of every type; the names are not sorted.
func everyType() []Tensor {
	return []Tensor{
		{"h0/att/W", []int{2, 3}, []float32{1, -2, 3.5, float32(math.Inf(1)), 0, math.SmallestNonzeroFloat32}},
		{"b", []int{2}, []float64{math.Pi, -math.MaxFloat64}},
		{"step", []int{}, []uint64{math.MaxUint64}},
		{"i64", []int{1}, []int64{math.MinInt64}},
		{"i32", []int{1}, []int32{math.MinInt32}},
		{"u32", []int{1}, []uint32{math.MaxUint32}},
		{"i16", []int{1}, []int16{math.MinInt16}},
		{"u16", []int{1}, []uint16{math.MaxUint16}},
		{"i8", []int{1}, []int8{-128}},
		{"u8", []int{3}, []uint8{1, 2, 255}},
		{"开关", []int{2}, []bool{true, false}},
		{"a/empty", []int{3, 0}, []float32{}},
	}
}

func TestTensorsRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.safetensors")
	in, meta := everyType(), map[string]string{"model": "gpt", "名": "<值>"}
	require.NoError(t, SaveTensors(path, in, meta))
	got, gotMeta, err := LoadTensors(path)
	require.NoError(t, err)
	assert.Equal(t, meta, gotMeta)
	assert.ElementsMatch(t, in, got)
	assert.IsNonDecreasing(t, names(got))
}

func names(tensors []Tensor) (names []string) {
	for _, t := range tensors {
		names = append(names, t.Name)
	}
	return names
}

// The independent reader of package safetensors must return the same tensors.
func TestSavedFileIsSafetensors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.safetensors")
	in := everyType()
	require.NoError(t, SaveTensors(path, in, nil))
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	st, err := safetensors.Deserialize(raw)
	require.NoError(t, err)
	require.Equal(t, len(in), st.Len())
	for _, x := range in {
		v, ok := st.Tensor(x.Name)
		require.True(t, ok, x.Name)
		want, err := binary.Append(nil, binary.LittleEndian, x.Data)
		require.NoError(t, err)
		assert.True(t, bytes.Equal(want, v.Data()), x.Name)
		assert.Len(t, v.Shape(), len(x.Shape))
	}
}

func TestSaveDoesNotDependOnOrder(t *testing.T) {
	dir := t.TempDir()
	in := everyType()
	require.NoError(t, SaveTensors(filepath.Join(dir, "a"), in, nil))
	in[0], in[5] = in[5], in[0]
	require.NoError(t, SaveTensors(filepath.Join(dir, "b"), in, nil))
	a, err := os.ReadFile(filepath.Join(dir, "a"))
	require.NoError(t, err)
	b, err := os.ReadFile(filepath.Join(dir, "b"))
	require.NoError(t, err)
	assert.True(t, bytes.Equal(a, b))
}

func TestSaveRefuses(t *testing.T) {
	ok := []float32{1}
	for _, tt := range []struct {
		name    string
		tensors []Tensor
		want    string
	}{
		{"twice", []Tensor{{"W", []int{1}, ok}, {"W", []int{1}, ok}}, `"W"`},
		{"empty name", []Tensor{{"", []int{1}, ok}}, `""`},
		{"metadata", []Tensor{{"__metadata__", []int{1}, ok}}, "__metadata__"},
		{"UTF-8", []Tensor{{"W\xff", []int{1}, ok}}, "UTF-8"},
		{"length", []Tensor{{"W", []int{2, 3}, ok}}, "1 elements for shape [2 3], want 6"},
		{"negative", []Tensor{{"W", []int{-1, -1}, ok}}, "shape [-1 -1]"},
		{"overflow", []Tensor{{"W", []int{math.MaxInt, 3}, ok}}, "shape"},
		{"type", []Tensor{{"W", []int{1}, []string{"x"}}}, "[]string"},
		{"int", []Tensor{{"W", []int{1}, []int{1}}}, "[]int "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "w")
			require.ErrorContains(t, SaveTensors(path, tt.tensors, nil), tt.want)
			assert.NoFileExists(t, path)
		})
	}
}

// file returns a file with the header and n bytes of data.
func file(header string, n int) []byte {
	raw := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(raw, header...), make([]byte, n)...)
}

func load(raw []byte) ([]Tensor, map[string]string, error) {
	f, err := newTensorFile(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil, nil, err
	}
	tensors, err := f.all()
	return tensors, f.head.meta, err
}

func TestLoadRefuses(t *testing.T) {
	const w = `"W":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}`
	for _, tt := range []struct {
		name   string
		header string
		data   int
		want   string
	}{
		{"truncated data", `{` + w + `}`, 7, `"W": ends at byte 8`},
		{"more data", `{` + w + `}`, 9, "1 bytes follow"},
		{"twice", `{` + w + `,` + w + `}`, 8, `"W": the name occurs twice`},
		{"twice, escaped", `{` + w + `,"\u0057":{"dtype":"F32","shape":[0],"data_offsets":[8,8]}}`, 8, `"W": the name occurs twice`},
		{"overlap", `{` + w + `,"V":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8, `"V": byte 4 also`},
		{"hole", `{` + w + `,"V":{"dtype":"F32","shape":[1],"data_offsets":[12,16]}}`, 16, `"V": begins at byte 12`},
		{"dtype", `{"W":{"dtype":"F13","shape":[2],"data_offsets":[0,8]}}`, 8, `"W"`},
		{"size", `{"W":{"dtype":"F64","shape":[2],"data_offsets":[0,8]}}`, 8, "takes 16 bytes"},
		{"overflow", `{"W":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`, 0, "does not fit"},
		{"negative", `{"W":{"dtype":"U8","shape":[-1,-8],"data_offsets":[0,8]}}`, 8, "does not fit"},
		{"backwards", `{"W":{"dtype":"U8","shape":[8],"data_offsets":[8,0]}}`, 8, `"W"`},
		{"before the file", `{"W":{"dtype":"U8","shape":[8],"data_offsets":[-8,0]}}`, 8, `"W"`},
		{"fraction", `{"W":{"dtype":"U8","shape":[1.5],"data_offsets":[0,1]}}`, 1, `"W"`},
		{"no shape", `{"W":{"dtype":"U8","data_offsets":[0,1]}}`, 1, `"W"`},
		{"null", `{"W":null}`, 0, `"W"`},
		{"no name", `{"":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1, "empty name"},
		{"metadata", `{"__metadata__":{"a":1}}`, 0, "__metadata__"},
		{"list", `[]`, 0, "not a JSON object"},
		{"cut", `{"W":`, 0, `"W"`},
		{"unclosed", `{` + w, 8, "header"},
		{"two objects", `{` + w + `}{}`, 8, "there is more data"},
		{"empty header", ``, 0, "not a JSON object"},
		{"terabytes", `{"W":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,4398046511104]}}`, 8, `"W": ends at byte 4398046511104`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := load(file(tt.header, tt.data))
			require.ErrorContains(t, err, tt.want)
			assert.NotContains(t, err.Error(), "\n")
		})
	}
	for _, n := range []uint64{3, 1 << 40, math.MaxUint64} {
		_, _, err := load(binary.LittleEndian.AppendUint64(nil, n))
		assert.ErrorContains(t, err, "header of")
	}
	_, _, err := load([]byte("short"))
	assert.ErrorContains(t, err, "too few")
}

// A file that is truncated at any byte is an error.
func TestLoadRefusesEveryTruncation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w")
	require.NoError(t, SaveTensors(path, everyType(), nil))
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	for n := range raw {
		_, _, err := load(raw[:n])
		require.Error(t, err, "first %d bytes", n)
	}
}

func TestLoadNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.safetensors")
	require.NoError(t, os.WriteFile(path, []byte("hello, this is no tensor file"), 0o666))
	_, _, err := LoadTensors(path)
	assert.ErrorContains(t, err, path)
	_, _, err = LoadTensors(filepath.Dir(path))
	assert.ErrorContains(t, err, "not a regular file")
	_, _, err = LoadTensors(path + "x")
	assert.ErrorIs(t, err, os.ErrNotExist)
}

// The values are those of IEEE 754-2019 binary16 (its largest, smallest and a few exact
// ones) and of bfloat16, the upper half of binary32.
func TestHalfPrecisionIsWidened(t *testing.T) {
	half := []uint16{0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x8000, 0x7c00, 0x3555}
	brain := []uint16{0x3f80, 0xc000, 0x7f80}
	raw := file(`{"h":{"dtype":"F16","shape":[8],"data_offsets":[0,16]},"b":{"dtype":"BF16","shape":[3],"data_offsets":[16,22]}}`, 0)
	raw, _ = binary.Append(raw, binary.LittleEndian, half)
	raw, _ = binary.Append(raw, binary.LittleEndian, brain)
	got, _, err := load(raw)
	require.NoError(t, err)
	inf := float32(math.Inf(1))
	assert.Equal(t, []float32{1, -2, inf}, got[0].Data)
	h := got[1].Data.([]float32)
	negZero := float32(math.Copysign(0, -1))
	assert.Equal(t, []float32{1, -2, 65504, 0x1p-14, 0x1p-24, negZero, inf, 0.333251953125}, h)
	assert.True(t, math.Signbit(float64(h[5])))
	assert.True(t, math.IsNaN(float64(float16(0x7e00))))
}

// For any bytes, loading returns an error or tensors that can be saved and loaded again.
func FuzzLoadTensors(f *testing.F) {
	path := filepath.Join(f.TempDir(), "seed")
	require.NoError(f, SaveTensors(path, everyType(), map[string]string{"k": "v"}))
	seed, err := os.ReadFile(path)
	require.NoError(f, err)
	f.Add(seed)
	f.Add(file(`{"h":{"dtype":"BF16","shape":[1,1],"data_offsets":[0,2]}}`, 2))
	f.Add(file(`{"a":{"dtype":"F32","shape":[0,9223372036854775807],"data_offsets":[0,0]}}`, 0))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, meta, err := load(raw)
		if err != nil {
			return
		}
		path := filepath.Join(t.TempDir(), "again")
		require.NoError(t, SaveTensors(path, got, meta))
		again, meta2, err := LoadTensors(path)
		require.NoError(t, err)
		assert.Equal(t, bits(t, got), bits(t, again))
		assert.Equal(t, len(meta), len(meta2))
	})
}

// bits formats tensors by their bits, so that NaN equals itself.
func bits(t *testing.T, tensors []Tensor) (lines []string) {
	for _, x := range tensors {
		raw, err := binary.Append(nil, binary.LittleEndian, x.Data)
		require.NoError(t, err)
		shape, err := json.Marshal(x.Shape)
		require.NoError(t, err)
		lines = append(lines, fmt.Sprintf("%s %T %s %x", strings.ToValidUTF8(x.Name, "?"), x.Data, shape, raw))
	}
	return lines
}

// Mapped tensors have the values that are read, of all types, and can be changed in memory.
func TestMapTensors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w")
	tensors := []Tensor{
		{Name: "a", Shape: []int{2, 2}, Data: []float32{1, -2, 3, 4}},
		{Name: "b", Shape: []int{3}, Data: []int16{1, -2, 3}},
		{Name: "c", Shape: []int{1}, Data: []float64{0.5}},
		{Name: "d", Shape: []int{0}, Data: []float32{}},
	}
	require.NoError(t, SaveTensors(path, tensors, map[string]string{"k": "v"}))
	for range 2 {
		got, meta, err := MapTensors(path)
		require.NoError(t, err)
		assert.Equal(t, map[string]string{"k": "v"}, meta)
		assert.Equal(t, tensors, got)
		got[0].Data.([]float32)[0] = 9
	}
	require.NoError(t, os.Truncate(path, 200))
	_, _, err := MapTensors(path)
	assert.ErrorContains(t, err, "truncated")
}
