package main

import (
	"io"
	"path/filepath"

	"euryale/generation"
	"euryale/internal/cli"
	"euryale/internal/runfile"
)

// checkAttention refuses what -attention cannot draw.
func (o *options) checkAttention() error {
	switch {
	case o.attention == "" && len(o.look) > 0:
		return cli.Misusef("-layer %s: it says what -attention draws, which is not asked for", o.look[0])
	case o.attention == "":
		return nil
	case filepath.Ext(o.attention) != ".svg":
		return cli.Misusef("-attention %s: want a name that ends in .svg", o.attention)
	case o.prompts != "" || o.interactive || o.score != "":
		return cli.Misusef("-attention draws one prompt and its first continuation: give it with -prompt")
	}
	return nil
}

// drawAttention writes the picture of what the model looked at.
func (p *printer) drawAttention(prompt generation.Prompt, continuation []int) error {
	maps, err := p.gen.Attention(prompt, continuation, p.look...)
	if err != nil {
		return err
	}
	return runfile.WriteAtomic(p.attention, func(w io.Writer) error {
		_, err := io.WriteString(w, maps.SVG())
		return err
	})
}
