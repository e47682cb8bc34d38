package command

import (
	"fmt"
	"io"
	"path/filepath"

	"euryale/internal/cli"
	"euryale/internal/runfile"
	"euryale/layers/draw"
	"euryale/training"
)

// picture are the flags of -graph.
type picture struct {
	file    string
	options draw.Options
}

func (p *picture) declare(o *trainOptions) {
	o.StringVar(&p.file, "graph", "", "`FILE` draw the model's graph (.svg or .dot), or with -check the scale of its layers")
	o.StringVar(&p.options.Under, "graph-under", "", "`PATH` draw one layer, as h0/att")
	o.BoolVar(&p.options.Ops, "graph-ops", false, "draw a box for each op")
}

// check refuses file names without a known extension, and settings without a file.
func (p *picture) check() error {
	switch ext := filepath.Ext(p.file); {
	case p.file == "" && p.options != draw.Options{}:
		return cli.Misusef("-graph-under and -graph-ops say how -graph draws: give -graph FILE")
	case p.file == "" || ext == ".svg" || ext == ".dot":
		return nil
	}
	return cli.Misusef("-graph %s: want a name that ends in .svg or .dot", p.file)
}

// draw writes the picture of the graph that training runs.
func (p *picture) draw(r *training.Run, stderr io.Writer) error {
	drawn, err := r.Picture(p.options)
	if err != nil {
		return err
	}
	text := drawn.SVG()
	if filepath.Ext(p.file) == ".dot" {
		text = drawn.DOT()
	}
	err = runfile.WriteAtomic(p.file, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
	if err == nil {
		fmt.Fprintf(stderr, "the model's graph is in %s\n", p.file)
	}
	return err
}
