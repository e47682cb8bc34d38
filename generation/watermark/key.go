package watermark

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"

	"euryale/internal/runfile"
)

// The methods of a key.
const (
	GreenList  = "green-list" // raises the logits of the tokens of a pseudorandom list
	Tournament = "tournament" // chooses by pseudorandom tournaments, which leave the distribution as it is
)

// secretBytes is the length of the secret of a key.
const secretBytes = 32

// maxLayers is the most layers of a tournament: each takes one of 64 pseudorandom bits.
const maxLayers = 64

// maxContext is the most tokens that a pseudorandom number may follow from.
const maxContext = 64

// maxFile is the most bytes of a key file.
const maxFile = 1 << 12

// Key is a secret with the method and the parameters of a watermark. Who has it can find the watermark
// and write it.
type Key struct {
	Method  string
	Secret  []byte  // 32 bytes
	Context int     // tokens before a token, which its pseudorandom number follows from
	Gamma   float64 // green list: fraction of the vocabulary that is green
	Delta   float64 // green list: added to the logits of green tokens
	Layers  int     // tournament: its layers
}

// keyFile is the form of a key in a file.
type keyFile struct {
	Format  string  `json:"format"`
	Method  string  `json:"method"`
	Secret  string  `json:"secret"` // hexadecimal
	Context int     `json:"context"`
	Gamma   float64 `json:"gamma,omitempty"`
	Delta   float64 `json:"delta,omitempty"`
	Layers  int     `json:"layers,omitempty"`
}

// fileFormat is the format of key files and its version.
const fileFormat = "euryale-watermark-1"

// New returns a key of a method with a random secret and the default parameters: a context of 4 tokens, and
// a green list of a quarter of the vocabulary with δ = 2, or 30 layers.
func New(method string) (*Key, error) {
	k := &Key{Method: method, Secret: make([]byte, secretBytes), Context: 4}
	if method == GreenList {
		k.Gamma, k.Delta = 0.25, 2
	} else {
		k.Layers = 30
	}
	rand.Read(k.Secret)
	return k, k.Check()
}

// Check returns what is wrong with a key.
func (k *Key) Check() error {
	switch {
	case k.Method != GreenList && k.Method != Tournament:
		return fmt.Errorf("method %q, want %s or %s", k.Method, GreenList, Tournament)
	case len(k.Secret) != secretBytes:
		return fmt.Errorf("the secret has %d bytes, want %d (%d hexadecimal digits): make a key with generate -new-key FILE", len(k.Secret), secretBytes, 2*secretBytes)
	case k.Context < 1 || k.Context > maxContext:
		return fmt.Errorf("context = %d, want from 1 to %d tokens", k.Context, maxContext)
	case k.Method == GreenList && !(k.Gamma > 0 && k.Gamma < 1):
		return fmt.Errorf("gamma = %v, want a fraction of the vocabulary, between 0 and 1", k.Gamma)
	case k.Method == GreenList && !(k.Delta > 0 && k.Delta <= 100):
		return fmt.Errorf("delta = %v, want more than 0 and at most 100", k.Delta)
	case k.Method == Tournament && (k.Layers < 1 || k.Layers > maxLayers):
		return fmt.Errorf("layers = %d, want from 1 to %d", k.Layers, maxLayers)
	case k.Method == Tournament && (k.Gamma != 0 || k.Delta != 0):
		return fmt.Errorf("gamma and delta are of a %s, and the method is %s", GreenList, Tournament)
	case k.Method == GreenList && k.Layers != 0:
		return fmt.Errorf("layers are of a %s, and the method is %s", Tournament, GreenList)
	}
	return nil
}

// String returns the method and the parameters, and not the secret.
func (k *Key) String() string {
	if k.Method == GreenList {
		return fmt.Sprintf("%s, context=%d, gamma=%v, delta=%v", k.Method, k.Context, k.Gamma, k.Delta)
	}
	return fmt.Sprintf("%s, context=%d, layers=%d", k.Method, k.Context, k.Layers)
}

// Parse reads the content of a key file.
func Parse(content []byte) (*Key, error) {
	dec := json.NewDecoder(bytes.NewReader(content))
	dec.DisallowUnknownFields()
	var f keyFile
	if err := dec.Decode(&f); err != nil {
		return nil, fmt.Errorf("not a key: %w", runfile.JSONError(err))
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("not a key: something follows the object")
	}
	if f.Format != fileFormat {
		return nil, fmt.Errorf("not a key: format %q, want %q", f.Format, fileFormat)
	}
	secret, err := hex.DecodeString(f.Secret)
	if err != nil {
		return nil, fmt.Errorf("the secret is not hexadecimal (%d characters), want %d hexadecimal digits", len(f.Secret), 2*secretBytes)
	}
	k := &Key{Method: f.Method, Secret: secret, Context: f.Context, Gamma: f.Gamma, Delta: f.Delta, Layers: f.Layers}
	return k, k.Check()
}

// Read reads a key from a file, which only its owner may read.
func Read(path string) (*Key, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("%s: others than its owner may read or write the key (%v): chmod 600 %s", path, mode, path)
	}
	content, err := runfile.ReadBounded(path, maxFile)
	if err != nil {
		return nil, err
	}
	k, err := Parse(content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return k, nil
}

// Write writes a key to a new file that only its owner may read. An existing file is an error, since texts
// may be marked with its key.
func (k *Key) Write(path string) error {
	if err := k.Check(); err != nil {
		return err
	}
	content, err := json.MarshalIndent(keyFile{fileFormat, k.Method, hex.EncodeToString(k.Secret), k.Context, k.Gamma, k.Delta, k.Layers}, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists: texts may be marked with its key: give the name of a new file", path)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(append(content, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}
