package command

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"euryale/generation/browser"
	"euryale/internal/cli"
	"euryale/serving/page"
	"euryale/training"
)

// webPage are the flags of a page in which a model runs without a server.
type webPage struct{ dir, weights string }

func (o *webPage) declare(f *cli.Flags) {
	f.StringVar(&o.dir, "export-page", "", "`DIR` page that generates with it (the newest run) in a browser")
	f.StringVar(&o.weights, "page-weights", browser.Float32, "`NAME` its weights, float32 or int8 (float32)")
}

// export writes the page of a run: the one that -export names, or the newest.
func (o *webPage) export(ctx context.Context, flags *trainOptions, s streams) error {
	if err := flags.Only("export-page", "page-weights", "export"); err != nil {
		return err
	}
	if o.weights != browser.Float32 && o.weights != browser.Int8 {
		return cli.Misusef("-page-weights %s: want %s or %s", o.weights, browser.Float32, browser.Int8)
	}
	run := flags.exports
	if run == "" {
		var err error
		if run, err = training.Newest("runs"); err != nil {
			return err
		}
	}
	saved, err := training.Open(run, false)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.err, "%s: building the page's program, which takes a minute the first time\n", run)
	if err := page.Export(ctx, o.dir, filepath.Base(filepath.Clean(run)), saved, o.weights); err != nil {
		return err
	}
	size, err := sizeOf(o.dir)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.err, "the page is in %s (%.1f MB); put it on any web server, or try it: python3 -m http.server -d %[1]s\n", o.dir, float64(size)/1e6)
	return err
}

// sizeOf returns the bytes of all files in a directory.
func sizeOf(dir string) (size int64, err error) {
	err = fs.WalkDir(os.DirFS(dir), ".", func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	return size, err
}
