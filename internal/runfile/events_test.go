package runfile

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// field is a field of a protocol buffer message, decoded without the library that encodes it.
type field struct {
	number, wire uint64
	value        uint64 // of wire types 0, 1 and 5
	bytes        []byte // of wire type 2
}

func decodeMessage(t *testing.T, raw []byte) (fields []field) {
	t.Helper()
	varint := func() uint64 {
		v, n := binary.Uvarint(raw)
		require.Positive(t, n)
		raw = raw[n:]
		return v
	}
	for len(raw) > 0 {
		key := varint()
		f := field{number: key >> 3, wire: key & 7}
		switch f.wire {
		case 0:
			f.value = varint()
		case 1:
			f.value, raw = binary.LittleEndian.Uint64(raw), raw[8:]
		case 2:
			n := varint()
			f.bytes, raw = raw[:n], raw[n:]
		case 5:
			f.value, raw = uint64(binary.LittleEndian.Uint32(raw)), raw[4:]
		default:
			require.Fail(t, "wire type", f.wire)
		}
		fields = append(fields, f)
	}
	return fields
}

// unmask reverses the masking of a checksum, as TensorFlow's crc32c::Unmask does.
func unmask(c uint32) uint32 {
	r := c - 0xa282ead8
	return r>>17 | r<<15
}

// readEvents parses a file of TFRecords and checks both checksums of each.
func readEvents(t *testing.T, raw []byte) (events [][]field) {
	t.Helper()
	castagnoli := crc32.MakeTable(0x82f63b78)
	for len(raw) > 0 {
		n := binary.LittleEndian.Uint64(raw)
		require.Equal(t, crc32.Checksum(raw[:8], castagnoli), unmask(binary.LittleEndian.Uint32(raw[8:])))
		data := raw[12 : 12+n]
		require.Equal(t, crc32.Checksum(data, castagnoli), unmask(binary.LittleEndian.Uint32(raw[12+n:])))
		events = append(events, decodeMessage(t, data))
		raw = raw[12+n+4:]
	}
	return events
}

func TestEvents(t *testing.T) {
	dir := t.TempDir()
	before := time.Now()
	e, err := NewEvents(dir, 99)
	require.NoError(t, err)
	require.NoError(t, e.Scalars(300, map[string]float64{"val/loss": 2.5, "loss": 1.25}))
	require.NoError(t, e.Close())

	names, err := filepath.Glob(filepath.Join(dir, "events.out.tfevents.*"))
	require.NoError(t, err)
	require.Len(t, names, 1)
	raw, err := os.ReadFile(names[0])
	require.NoError(t, err)
	events := readEvents(t, raw)
	require.Len(t, events, 3)

	version := events[0]
	assert.Equal(t, field{number: 3, wire: 2, bytes: []byte("brain.Event:2")}, version[2])
	at := math.Float64frombits(version[0].value)
	assert.InDelta(t, float64(before.UnixMicro())/1e6, at, 60)

	assert.Equal(t, field{number: 2, value: 100}, events[1][1])
	assert.Equal(t, field{number: 7, wire: 2, bytes: []byte{1 << 3, 1}}, events[1][2]) // SessionLog{status: START}

	scalars := events[2]
	assert.Equal(t, field{number: 2, value: 300}, scalars[1])
	values := decodeMessage(t, scalars[2].bytes)
	require.Len(t, values, 2)
	for i, want := range []struct {
		tag   string
		value float32
	}{{"loss", 1.25}, {"val/loss", 2.5}} {
		v := decodeMessage(t, values[i].bytes)
		assert.Equal(t, want.tag, string(v[0].bytes))
		assert.Equal(t, field{number: 2, wire: 5, value: uint64(math.Float32bits(want.value))}, v[1])
	}
}

// Every events file of TensorFlow begins with the frame of a record of 24 bytes:
// 18 00 00 00 00 00 00 00 a3 7f 4b 22.
func TestEventsFrame(t *testing.T) {
	want := []byte{0x18, 0, 0, 0, 0, 0, 0, 0, 0xa3, 0x7f, 0x4b, 0x22}
	assert.True(t, bytes.HasPrefix(frame(make([]byte, 24)), want))
	// CRC-32C of 32 zero bytes: RFC 3720, appendix B.4.
	assert.Equal(t, uint32(0x8a9136aa), unmask(maskedCRC(make([]byte, 32))))
}

func TestEventsFilesDoNotCollide(t *testing.T) {
	dir := t.TempDir()
	for range 3 {
		f, err := createEvents(dir, 1)
		require.NoError(t, err)
		require.NoError(t, f.Close())
	}
	names, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, names, 3)
	_, err = NewEvents(filepath.Join(dir, "missing"), -1)
	assert.ErrorIs(t, err, os.ErrNotExist)
}
