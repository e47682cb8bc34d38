package runfile

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/nlpodyssey/safetensors"
)

const (
	metadataKey = "__metadata__"
	// maxHeader is the limit of the format.
	maxHeader = 100_000_000
)

// header is the checked header of a safetensors file.
type header struct {
	tensors []entry // sorted by name
	meta    map[string]string
	start   int64 // offset of the first tensor in the file
}

// entry describes a tensor; begin and end are relative to header.start.
type entry struct {
	name       string
	dtype      safetensors.DType
	shape      []int
	begin, end int64
}

func (e entry) elements() int { return int((e.end - e.begin) / int64(e.dtype.Size())) }

// readHeader reads and checks the header of a file of size bytes. The reader of package
// safetensors is not used, because it accepts repeated names, of which it keeps the last, and
// needs the whole file in memory.
func readHeader(r io.ReaderAt, size int64) (header, error) {
	var length [8]byte
	if size < int64(len(length)) {
		return header{}, fmt.Errorf("%d bytes are too few for a safetensors file: it may be truncated", size)
	}
	if _, err := r.ReadAt(length[:], 0); err != nil {
		return header{}, err
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > maxHeader || int64(n) > size-8 {
		return header{}, fmt.Errorf("header of %d bytes in a file of %d bytes: it is truncated or not a safetensors file", n, size)
	}
	raw := make([]byte, n)
	if _, err := io.ReadFull(io.NewSectionReader(r, 8, int64(n)), raw); err != nil {
		return header{}, err
	}
	h, err := parseHeader(raw)
	if err != nil {
		return header{}, err
	}
	h.start = 8 + int64(n)
	if err := h.checkLayout(size - h.start); err != nil {
		return header{}, err
	}
	slices.SortFunc(h.tensors, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	return h, nil
}

// parseHeader parses the JSON object of a header key by key, to detect repeated names.
func parseHeader(raw []byte) (header, error) {
	var h header
	seen := map[string]bool{}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return h, fmt.Errorf("header is not a JSON object")
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return h, fmt.Errorf("header, byte %d: %w", dec.InputOffset(), err)
		}
		name := key.(string) // the keys of an object are strings, else Token fails
		if seen[name] {
			return h, fmt.Errorf("tensor %q: the name occurs twice in the header", name)
		}
		seen[name] = true
		if name == metadataKey {
			err = dec.Decode(&h.meta)
		} else {
			h.tensors, err = appendEntry(h.tensors, name, dec)
		}
		if err != nil {
			return h, fmt.Errorf("tensor %q: header, byte %d: %w", name, dec.InputOffset(), err)
		}
	}
	if _, err := dec.Token(); err != nil {
		return h, fmt.Errorf("header, byte %d: %w", dec.InputOffset(), err)
	}
	if rest := bytes.TrimSpace(raw[dec.InputOffset():]); len(rest) > 0 {
		return h, fmt.Errorf("header, byte %d: there is more data after the JSON object", dec.InputOffset())
	}
	return h, nil
}

// appendEntry parses and checks the entry of a tensor.
func appendEntry(entries []entry, name string, dec *json.Decoder) ([]entry, error) {
	var v struct {
		DType   string  `json:"dtype"`
		Shape   []int64 `json:"shape"`
		Offsets []int64 `json:"data_offsets"`
	}
	if err := dec.Decode(&v); err != nil {
		return nil, JSONError(err)
	}
	if name == "" {
		return nil, fmt.Errorf("empty name")
	}
	dtype, err := safetensors.ParseDType(v.DType)
	if err != nil {
		return nil, fmt.Errorf("unknown dtype %q", v.DType)
	}
	if v.Shape == nil || len(v.Offsets) != 2 {
		return nil, fmt.Errorf("shape %v, data_offsets %v: want a list and a pair", v.Shape, v.Offsets)
	}
	e := entry{name: name, dtype: dtype, shape: make([]int, len(v.Shape)), begin: v.Offsets[0], end: v.Offsets[1]}
	bytes := int64(dtype.Size())
	for i, d := range v.Shape {
		if d < 0 || d > math.MaxInt || (d > 0 && bytes > math.MaxInt64/d) {
			return nil, fmt.Errorf("shape %v does not fit in memory", v.Shape)
		}
		bytes *= d
		e.shape[i] = int(d)
	}
	if e.begin < 0 || e.end < e.begin || e.end-e.begin != bytes {
		return nil, fmt.Errorf("data_offsets %v, but %s of shape %v takes %d bytes", v.Offsets, dtype, v.Shape, bytes)
	}
	return append(entries, e), nil
}

// checkLayout checks that the tensors cover the size bytes after the header without gaps or
// overlaps, as the format requires. It sorts them by position.
func (h *header) checkLayout(size int64) error {
	slices.SortFunc(h.tensors, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end))
	})
	var at int64
	for _, e := range h.tensors {
		switch {
		case e.begin < at:
			return fmt.Errorf("tensor %q: byte %d also belongs to another tensor", e.name, e.begin)
		case e.begin > at:
			return fmt.Errorf("tensor %q: begins at byte %d, but the one before ends at %d", e.name, e.begin, at)
		case e.end > size:
			return fmt.Errorf("tensor %q: ends at byte %d, but the file has %d: it is truncated", e.name, e.end, size)
		}
		at = e.end
	}
	if at != size {
		return fmt.Errorf("%d bytes follow the last tensor", size-at)
	}
	return nil
}
