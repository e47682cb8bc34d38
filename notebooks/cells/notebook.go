package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// cell is a cell of a Jupyter notebook, format 4.5.
type cell struct {
	Type     string            `json:"cell_type"`
	Count    *int              `json:"execution_count,omitempty"`
	ID       string            `json:"id"`
	Metadata struct{}          `json:"metadata"`
	Outputs  []json.RawMessage `json:"outputs,omitempty"`
	Source   lines             `json:"source"`
}

// code is a code cell, which always has the keys execution_count and outputs.
type code struct {
	cell
	Count   *int              `json:"execution_count"`
	Outputs []json.RawMessage `json:"outputs"`
}

// lines is a text, which is a list of lines or a single string in a notebook.
type lines string

// MarshalJSON returns a list of lines, so that diffs are readable.
func (l lines) MarshalJSON() ([]byte, error) { return plainJSON(strings.SplitAfter(string(l), "\n")) }

// UnmarshalJSON accepts both forms.
func (l *lines) UnmarshalJSON(raw []byte) error {
	var many []string
	if err := json.Unmarshal(raw, &many); err == nil {
		*l = lines(strings.Join(many, ""))
		return nil
	}
	var one string
	err := json.Unmarshal(raw, &one)
	*l = lines(one)
	return err
}

// file is a notebook file.
type file struct {
	Cells    []any          `json:"cells"`
	Metadata map[string]any `json:"metadata"`
	Format   int            `json:"nbformat"`
	Minor    int            `json:"nbformat_minor"`
}

// notebook returns the notebook file of a language. outputs, unless nil, has the outputs of its
// code cells.
func notebook(blocks []block, chinese bool, outputs []cell) ([]byte, error) {
	nb := file{Format: 4, Minor: 5, Metadata: map[string]any{
		"kernelspec":    map[string]string{"display_name": "Go (gophernotes)", "language": "go", "name": "gophernotes"},
		"language_info": map[string]string{"file_extension": ".go", "mimetype": "text/x-go", "name": "go"}}}
	for i, b := range blocks {
		c := cell{Type: "markdown", ID: fmt.Sprintf("c%02d", i), Source: lines(b.english)}
		if chinese {
			c.Source = lines(b.chinese)
		}
		if b.code == "" {
			nb.Cells = append(nb.Cells, c)
			continue
		}
		c.Type, c.Source = "code", lines(b.code)
		out := code{cell: c, Outputs: []json.RawMessage{}}
		if outputs != nil {
			if len(outputs) == 0 || outputs[0].Source != c.Source {
				return nil, fmt.Errorf("line %d: the code differs from that of the executed notebook: execute it again", b.line)
			}
			out.Count, out.Outputs = outputs[0].Count, append(out.Outputs, outputs[0].Outputs...)
			outputs = outputs[1:]
		}
		nb.Cells = append(nb.Cells, out)
	}
	raw, err := plainJSON(nb)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", " "); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// readOutputs returns the code cells of an executed notebook.
func readOutputs(path string) ([]cell, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var nb struct{ Cells []cell }
	if err := json.Unmarshal(raw, &nb); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	cells := []cell{}
	for _, c := range nb.Cells {
		if c.Type == "code" {
			cells = append(cells, c)
		}
	}
	return cells, nil
}

// plainJSON returns JSON without HTML escapes.
func plainJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}
