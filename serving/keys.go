package serving

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"strings"
)

// Keys are the bearer keys of a server's clients.
type Keys struct{ hashes [][sha256.Size]byte }

// leastKey is the shortest key.
const leastKey = 16

// ReadKeys reads a file of keys, one on each line; empty lines and lines that begin with # are left out. A
// file that others can read is refused.
func ReadKeys(path string) (*Keys, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&0o077 != 0 {
		return nil, fmt.Errorf("%s can be read by others (mode %04o): chmod 600 %s", path, mode, path)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	k := &Keys{}
	for i, line := range strings.Split(string(raw), "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
			continue
		case len(line) < leastKey || strings.ContainsAny(line, " \t"):
			return nil, fmt.Errorf("%s:%d: a key has %d characters, want at least %d and no spaces, as of openssl rand -hex 24", path, i+1, len(line), leastKey)
		}
		k.hashes = append(k.hashes, sha256.Sum256([]byte(line)))
	}
	if len(k.hashes) == 0 {
		return nil, fmt.Errorf("%s has no keys: write one on each line, as of openssl rand -hex 24", path)
	}
	return k, nil
}

// find returns the number of the key of a request. Its time depends neither on which key it is nor on how
// much of it is right.
func (k *Keys) find(r *http.Request) (number int, ok bool) {
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	hash, found := sha256.Sum256([]byte(strings.TrimSpace(key))), 0
	for i := range k.hashes {
		found |= (i + 1) * subtle.ConstantTimeCompare(hash[:], k.hashes[i][:])
	}
	return found - 1, found > 0 && strings.EqualFold(scheme, "Bearer")
}
