package command

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"euryale/experiment"
	"euryale/internal/cli"
	"euryale/internal/runfile"
	"euryale/training"
)

// profile measures some training steps and prints where their time goes. It writes the files of
// the profile to -out, or to the current directory.
func profile(ctx context.Context, o *trainOptions, r *training.Run, s streams) error {
	var options experiment.ProfileOptions
	if steps, given := o.short["training.steps"]; given {
		n, err := strconv.Atoi(steps)
		if err != nil || n < 1 {
			return cli.Misusef("-steps %s: want a number of steps to measure", steps)
		}
		options.Steps = n
	}
	p, err := experiment.Profile(ctx, r, options)
	if err != nil {
		if ctx.Err() != nil {
			return cli.ErrInterrupted
		}
		return err
	}
	if _, err := io.WriteString(s.out, p.String()); err != nil {
		return err
	}
	return writeProfile(o.out, p, s.err)
}

// writeProfile writes the files of a profile to dir.
func writeProfile(dir string, p *experiment.StepProfile, log io.Writer) error {
	if dir != "" {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return err
		}
	}
	values, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name  string
		write func(w io.Writer) error
	}{
		{"profile.svg", func(w io.Writer) error { _, err := io.WriteString(w, p.SVG()); return err }},
		{"profile.pb.gz", p.WritePprof},
		{"profile.json", func(w io.Writer) error { _, err := w.Write(append(values, '\n')); return err }},
	} {
		path := filepath.Join(dir, f.name)
		if err := runfile.WriteAtomic(path, f.write); err != nil {
			return err
		}
		fmt.Fprintf(log, "wrote %s\n", path)
	}
	return nil
}
