package data

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"euryale/data/textfile"
	"euryale/internal/runfile"
)

// stallTimeout ends a download that receives nothing for so long.
const stallTimeout = 30 * time.Second

// fetch downloads the file to path. An incomplete download stays as path.part, and the next call
// resumes it; it is renamed to path once its checksum is right.
func (e entry) fetch(name, path string, opts Options) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	lock, err := runfile.LockDir(filepath.Dir(path)) // of two processes one downloads
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	if textfile.IsFile(path) {
		return nil // by another process
	}
	part := path + ".part"
	if err := e.download(name, part, opts.Log); err != nil {
		return fmt.Errorf("downloading %s: %w", e.url, err)
	}
	sum, err := hashFile(part)
	if err != nil {
		return err
	}
	if sum != e.sha256 {
		err := fmt.Errorf("downloading %s: its sha256 is %s, not %s: the file was discarded", e.url, sum, e.sha256)
		return errors.Join(err, os.Remove(part))
	}
	return os.Rename(part, path)
}

// download fetches the bytes that the partial file part lacks.
func (e entry) download(name, part string, log io.Writer) error {
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	have, err := f.Seek(0, io.SeekEnd)
	if err != nil || have == e.size {
		return err
	}
	p := newProgress(log, "downloading "+name, e.size, true)
	defer p.done()
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	watch := time.AfterFunc(stallTimeout, func() {
		cancel(fmt.Errorf("no data for %v: try again, the download will resume", stallTimeout))
	})
	defer watch.Stop()
	body, have, err := e.request(ctx, have)
	if err == nil {
		defer body.Close()
		p.add(int(have))
		err = e.receive(f, have, &countingReader{body, func(n int) { p.add(n); watch.Reset(stallTimeout) }})
	}
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// receive writes body to f after the first have bytes.
func (e entry) receive(f *os.File, have int64, body io.Reader) error {
	if err := f.Truncate(have); err != nil {
		return err
	}
	if _, err := f.Seek(have, io.SeekStart); err != nil {
		return err
	}
	// One byte more than expected is enough to tell that it is another file.
	got, err := io.Copy(f, io.LimitReader(body, e.size-have+1))
	if err != nil {
		return err
	}
	if have+got < e.size {
		return fmt.Errorf("it ended after %d of %d bytes: try again, the download will resume", have+got, e.size)
	}
	return f.Sync()
}

// request requests the file from byte have on, and returns the offset at which the response begins.
func (e entry) request(ctx context.Context, have int64) (io.ReadCloser, int64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, e.url, nil)
	if err != nil {
		return nil, 0, err
	}
	if have > 0 && have < e.size {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, 0, err
	}
	switch resp.StatusCode {
	case http.StatusOK:
		return resp.Body, 0, nil // the server does not support ranges
	case http.StatusPartialContent:
		var from int64
		if _, err := fmt.Sscanf(resp.Header.Get("Content-Range"), "bytes %d-", &from); err == nil && from == have {
			return resp.Body, have, nil
		}
	}
	resp.Body.Close()
	return nil, 0, fmt.Errorf("the server answered %s", resp.Status)
}

// countingReader reports the size of each read to onRead.
type countingReader struct {
	r      io.Reader
	onRead func(n int)
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.onRead(n)
	return n, err
}

// hashFile returns the sha256 of a file in hexadecimal.
func hashFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
