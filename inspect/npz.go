package inspect

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"euryale/internal/runfile"
)

// The format of NumPy's arrays: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
const (
	npyMagic   = "\x93NUMPY"
	maxArray   = 1 << 31 // bytes of an array that is read
	maxNPYHead = 1 << 16
)

// saveNPZ writes the values as a .npz.
func (v *Values) saveNPZ(path string) error {
	return runfile.WriteAtomic(path, func(w io.Writer) error {
		z := zip.NewWriter(w)
		if err := writeTokens(z, tokensName, textName, v.Tokens, v.Text); err != nil {
			return err
		}
		if len(v.SourceTokens) > 0 {
			if err := writeTokens(z, sourceTokensName, sourceTextName, v.SourceTokens, v.Source); err != nil {
				return err
			}
		}
		for _, name := range v.Names {
			a := v.Arrays[name]
			if err := writeNPY(z, name, "<f4", a.Shape, a.Data); err != nil {
				return err
			}
		}
		return z.Close()
	})
}

func writeTokens(z *zip.Writer, ids, text string, tokens []int, labels []string) error {
	if err := writeNPY(z, ids, "<i8", []int{len(tokens)}, int64s(tokens)); err != nil {
		return err
	}
	width := 1
	for _, s := range labels {
		width = max(width, utf8.RuneCountInString(s))
	}
	runes := make([]rune, len(labels)*width) // texts of one width, with zeros at their ends
	for i, s := range labels {
		copy(runes[i*width:], []rune(s))
	}
	return writeNPY(z, text, fmt.Sprintf("<U%d", width), []int{len(labels)}, runes)
}

// writeNPY writes data, a slice of numbers of type descr, as the array called name.
func writeNPY(z *zip.Writer, name, descr string, shape []int, data any) error {
	w, err := z.Create(name + ".npy")
	if err != nil {
		return err
	}
	var dims strings.Builder
	for _, n := range shape {
		fmt.Fprintf(&dims, "%d,", n)
	}
	head := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, dims.String())
	pad := 64 - (len(npyMagic)+4+len(head)+1)%64
	head += strings.Repeat(" ", pad) + "\n"
	if _, err := io.WriteString(w, npyMagic+"\x01\x00"); err != nil {
		return err
	}
	if err := binary.Write(w, binary.LittleEndian, uint16(len(head))); err != nil {
		return err
	}
	if _, err := io.WriteString(w, head); err != nil {
		return err
	}
	return binary.Write(w, binary.LittleEndian, data)
}

// readNPZ returns the arrays of floating-point numbers in a .npz, by name.
func readNPZ(path string) (map[string]*Array, error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, strip(err))
	}
	defer z.Close()
	arrays := map[string]*Array{}
	for _, f := range z.File {
		name, ok := strings.CutSuffix(f.Name, ".npy")
		if !ok {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", path, f.Name, err)
		}
		a, err := readNPY(r, name)
		if err = errors.Join(err, r.Close()); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", path, f.Name, err)
		}
		if a != nil {
			arrays[name] = a
		}
	}
	return arrays, nil
}

// readNPYFile returns the only array of a .npy.
func readNPYFile(path string) (map[string]*Array, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	a, err := readNPY(f, "")
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", path, err)
	case a == nil:
		return nil, fmt.Errorf("%s holds no floating-point numbers: want float32 or float64", path)
	}
	return map[string]*Array{"": a}, nil
}

// strip returns the cause of an error of a file without the file's name.
func strip(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

var (
	npyDescr = regexp.MustCompile(`'descr'\s*:\s*'([^']*)'`)
	npyOrder = regexp.MustCompile(`'fortran_order'\s*:\s*(True|False)`)
	npyShape = regexp.MustCompile(`'shape'\s*:\s*\(([0-9, ]*)\)`)
)

// readNPY returns an array in the format of NumPy, or nil if it holds no float32 or float64.
func readNPY(r io.Reader, name string) (*Array, error) {
	head, err := readNPYHead(r)
	if err != nil {
		return nil, err
	}
	descr, order, dims := npyDescr.FindStringSubmatch(head), npyOrder.FindStringSubmatch(head), npyShape.FindStringSubmatch(head)
	if descr == nil || order == nil || dims == nil {
		if descr == nil && strings.Contains(head, "'descr'") {
			return nil, nil // of records
		}
		return nil, fmt.Errorf("the header %q has no type, order or shape", head)
	}
	if descr[1] != "<f4" && descr[1] != "<f8" {
		return nil, nil
	}
	if order[1] == "True" {
		return nil, errors.New("the array is in Fortran order: save numpy.ascontiguousarray of it")
	}
	a, n := &Array{Name: name, Shape: []int{}}, 1
	for _, dim := range strings.Split(dims[1], ",") {
		if dim = strings.TrimSpace(dim); dim == "" {
			continue
		}
		d, err := strconv.Atoi(dim)
		if err != nil || d > maxArray/8/max(n, 1) {
			return nil, fmt.Errorf("the array is (%s), which is too large", dims[1])
		}
		a.Shape, n = append(a.Shape, d), n*d
	}
	if len(a.Shape) == 0 {
		a.Shape = []int{1}
	}
	return a, a.readNumbers(r, n, descr[1] == "<f8")
}

func readNPYHead(r io.Reader) (string, error) {
	start := make([]byte, len(npyMagic)+4)
	if _, err := io.ReadFull(r, start); err != nil || string(start[:len(npyMagic)]) != npyMagic {
		return "", errors.New("it is no array of NumPy")
	}
	n := uint32(binary.LittleEndian.Uint16(start[8:]))
	if start[6] >= 2 {
		more := make([]byte, 2)
		if _, err := io.ReadFull(r, more); err != nil {
			return "", errors.New("it ends in its header")
		}
		n |= uint32(binary.LittleEndian.Uint16(more)) << 16
	}
	if n > maxNPYHead {
		return "", fmt.Errorf("its header has %d bytes, at most %d are read", n, maxNPYHead)
	}
	head := make([]byte, n)
	if _, err := io.ReadFull(r, head); err != nil {
		return "", errors.New("it ends in its header")
	}
	return string(head), nil
}

// readNumbers reads n numbers of 4 bytes, or of 8 if they are wide.
func (a *Array) readNumbers(r io.Reader, n int, wide bool) error {
	size := 4
	if wide {
		size = 8
	}
	var b bytes.Buffer
	if got, err := io.Copy(&b, io.LimitReader(r, int64(n*size))); err != nil || got < int64(n*size) {
		return fmt.Errorf("it has %d bytes of numbers, want %d", b.Len(), n*size)
	}
	a.Data = make([]float32, n)
	for i := range a.Data {
		raw := b.Bytes()[i*size:]
		if wide {
			a.Data[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(raw)))
		} else {
			a.Data[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw))
		}
	}
	return nil
}
