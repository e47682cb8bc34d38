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
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > limit {
		return nil, tooLarge(info.Size(), limit)
	}
	raw, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(raw)) > limit {
		return nil, tooLarge(int64(len(raw)), limit)
	}
	return raw, nil
}

func tooLarge(size, limit int64) error {
	const mb = 1 << 20
	return fmt.Errorf("the file has %d MB, more than the limit of %d MB for this kind of file", (size+mb-1)/mb, limit/mb)
}
