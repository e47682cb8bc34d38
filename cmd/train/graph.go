package main

import (
	"fmt"
	"io"
	"path/filepath"

	"euryale/internal/cli"
	"euryale/internal/runfile"
	"euryale/layers/draw"
	"euryale/training"
)

// checkGraph refuses names of files that say nothing of how to draw. No name is no picture.
func checkGraph(file string) error {
	switch ext := filepath.Ext(file); {
	case file == "" || ext == ".svg" || ext == ".dot":
		return nil
	}
	return cli.Misusef("-graph %s: want a name that ends in .svg or .dot", file)
}

// drawGraph writes the picture of the graph that training runs.
func drawGraph(r *training.Run, file string, stderr io.Writer) error {
	p, err := r.Picture(draw.Options{})
	if err != nil {
		return err
	}
	text := p.SVG()
	if filepath.Ext(file) == ".dot" {
		text = p.DOT()
	}
	err = runfile.WriteAtomic(file, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
	if err == nil {
		fmt.Fprintf(stderr, "the model's graph is in %s\n", file)
	}
	return err
}
