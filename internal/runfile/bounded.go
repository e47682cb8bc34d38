package runfile

import (
	"fmt"
	"io"
	"os"
)

// ReadBounded reads a file of at most limit bytes. It reads a pipe too, whose size is not known
// before.
func ReadBounded(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(raw)) > limit {
		return nil, fmt.Errorf("%s has more than %d bytes: it is another kind of file", path, limit)
	}
	return raw, nil
}
