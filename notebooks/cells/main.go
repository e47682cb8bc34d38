// Command cells converts NAME.md to two Jupyter notebooks: NAME.ipynb in English and
// NAME.zh-CN.ipynb in Chinese.
//
//	cells NAME.md DIR                 writes both to DIR, without outputs
//	cells NAME.md DIR EXECUTED.ipynb  writes both to DIR, with the outputs of EXECUTED
//
// Blocks fenced with ```go are code cells, which both notebooks share. The text between
// them is a Markdown cell: first in English, then, after a line <!-- 中文 -->, in Chinese.
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("cells: ")
	if len(os.Args) < 3 || len(os.Args) > 4 {
		log.Fatal("usage: cells NAME.md DIR [EXECUTED.ipynb]")
	}
	executed := ""
	if len(os.Args) == 4 {
		executed = os.Args[3]
	}
	if err := run(os.Args[1], os.Args[2], executed); err != nil {
		log.Fatal(err)
	}
}

func run(file, dir, executed string) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	blocks, err := parse(string(raw))
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	var outputs []cell
	if executed != "" {
		if outputs, err = readOutputs(executed); err != nil {
			return err
		}
	}
	name := strings.TrimSuffix(filepath.Base(file), ".md")
	for _, lang := range []struct {
		suffix  string
		chinese bool
	}{{"", false}, {".zh-CN", true}} {
		text, err := notebook(blocks, lang.chinese, outputs)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if err := write(filepath.Join(dir, name+lang.suffix+".ipynb"), text); err != nil {
			return err
		}
	}
	return nil
}

// write replaces a file atomically.
func write(path string, text []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".cells-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // fails, harmlessly, after the rename
	if _, err := tmp.Write(text); err != nil {
		tmp.Close()
		return err
	}
	if err := tmp.Chmod(0o644); err != nil {
		tmp.Close()
		return err
	}
	if err := tmp.Sync(); err != nil {
		tmp.Close()
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
