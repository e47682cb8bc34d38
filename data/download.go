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
)

// stalled is how long a download may give nothing before it is given up.
const stalled = 30 * time.Second

// fetch downloads the file to path. What has come is kept beside it as .part, from where a later try
// goes on; the file appears under its name only when its checksum is right.
func (e entry) fetch(name, path string, opts Options) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
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
		os.Remove(part)
		return fmt.Errorf("downloading %s: its sha256 is %s, not %s: the file was refused", e.url, sum, e.sha256)
	}
	return os.Rename(part, path)
}

// download fetches what a partial file lacks.
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
	if have > e.size {
		have = 0
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	body, have, err := e.request(ctx, have)
	if err != nil {
		return err
	}
	defer body.Close()
	if err := f.Truncate(have); err != nil {
		return err
	}
	if _, err := f.Seek(have, io.SeekStart); err != nil {
		return err
	}
	p := newProgress(log, "downloading "+name, e.size, true)
	p.add(int(have))
	defer p.done()
	watch := time.AfterFunc(stalled, func() { cancel(errors.New("nothing came for 30 seconds: try again, it will go on from here")) })
	defer watch.Stop()
	alive := func(n int) { p.add(n); watch.Reset(stalled) }
	// One byte more than there should be is enough to tell that it is another file.
	got, err := io.Copy(f, io.LimitReader(&countingReader{body, alive}, e.size-have+1))
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	if err == nil && have+got < e.size {
		err = fmt.Errorf("it ended after %d of %d bytes: try again, it will go on from there", have+got, e.size)
	}
	if err != nil {
		return err
	}
	return f.Sync()
}

// request asks for the file from byte have on, and returns where the answer really begins.
func (e entry) request(ctx context.Context, have int64) (io.ReadCloser, int64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, e.url, nil)
	if err != nil {
		return nil, 0, err
	}
	if have > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	client := &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, ResponseHeaderTimeout: stalled}}
	resp, err := client.Do(req)
	if err != nil {
		return nil, 0, err
	}
	var from int64
	switch resp.StatusCode {
	case http.StatusOK:
		return resp.Body, 0, nil // the server does not resume
	case http.StatusPartialContent:
		if _, err := fmt.Sscanf(resp.Header.Get("Content-Range"), "bytes %d-", &from); err == nil && from == have {
			return resp.Body, have, nil
		}
	}
	resp.Body.Close()
	return nil, 0, fmt.Errorf("the server answered %s", resp.Status)
}

// countingReader tells of every piece that is read.
type countingReader struct {
	r    io.Reader
	took func(n int)
}

// Read reads on.
func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.took(n)
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
