package page

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"euryale/generation/browser"
	"euryale/models"
	"euryale/training"
)

// program is the name of the program in an exported page.
const program = "generate.wasm"

// Export writes a page in which the model of a run generates, without a server, to dir, which must not exist
// or be empty. Weights is browser.Float32 or browser.Int8. The program is built from source, with the package that
// registered the model: the current directory must belong to the module of this program, and go must be installed.
func Export(ctx context.Context, dir, name string, s *training.Saved, weights string) (err error) {
	if err := isFree(dir); err != nil {
		return err
	}
	g, err := s.Generator()
	if err != nil {
		return err
	}
	parent := filepath.Dir(filepath.Clean(dir))
	if err := os.MkdirAll(parent, 0o777); err != nil {
		return err
	}
	work, err := os.MkdirTemp(parent, ".page-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work) // of what a failure left
	if err := os.Mkdir(filepath.Join(work, "model"), 0o777); err != nil {
		return err
	}
	d := browser.Description{Name: name, Model: s.Config.ModelName, Specials: s.Config.Tokenizer.Specials, Weights: weights}
	if err := browser.Write(filepath.Join(work, "model"), g, d); err != nil {
		return err
	}
	if err := copyFiles(work); err != nil {
		return err
	}
	if err := build(ctx, work, s.Config.ModelName); err != nil {
		return err
	}
	if err := os.Chmod(work, 0o755); err != nil {
		return err
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Rename(work, dir)
}

// isFree returns an error if there is something in dir.
func isFree(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(entries) > 0 {
		return fmt.Errorf("%s is not empty: a page is written to a new directory; remove it, or choose another", dir)
	}
	return nil
}

// copyFiles writes the files of the page, except for program and model.
func copyFiles(dir string) error {
	for _, name := range append([]string{"local.js", "worker.js", "memory.js"}, shared...) {
		text, err := fs.ReadFile(files(), name)
		if err != nil {
			return err
		}
		if name == "local.js" {
			name = backend
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// main is the program's source, with the import path of the package that registers the model.
const main = `package main

import (
	"euryale/generation/browser"

	_ %q
)

func main() { browser.Main() }
`

// build builds the program into dir, beside what starts it.
func build(ctx context.Context, dir, model string) error {
	owner, err := packageOf(model)
	if err != nil {
		return err
	}
	if _, err := exec.LookPath("go"); err != nil {
		return errors.New("the page's program is built with Go, and no go command is in PATH: install it from https://go.dev/dl")
	}
	source, err := os.MkdirTemp("", "page-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(source)
	file, wasm := filepath.Join(source, "main.go"), filepath.Join(dir, program)
	if err := os.WriteFile(file, fmt.Appendf(nil, main, owner), 0o666); err != nil {
		return err
	}
	if wasm, err = filepath.Abs(wasm); err != nil {
		return err
	}
	if _, err := run(ctx, "go", "build", "-tags", "browser", "-ldflags", "-s -w", "-o", wasm, file); err != nil {
		return fmt.Errorf("build the page's program, in the directory of the module that has the model: %w", err)
	}
	root, err := run(ctx, "go", "env", "GOROOT")
	if err != nil {
		return err
	}
	support := filepath.Join(strings.TrimSpace(root), "lib", "wasm", "wasm_exec.js")
	text, err := os.ReadFile(support)
	if err != nil {
		return fmt.Errorf("the Go installation lacks what starts programs in a browser: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "wasm_exec.js"), text, 0o666); err != nil {
		return err
	}
	return describe(dir, wasm)
}

// describe writes program.json, with which the page shows how much is loaded.
func describe(dir, wasm string) error {
	if err := os.Chmod(wasm, 0o644); err != nil {
		return err
	}
	info, err := os.Stat(wasm)
	if err != nil {
		return err
	}
	text, err := json.Marshal(browser.File{Name: program, Bytes: info.Size()})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "program.json"), append(text, '\n'), 0o666)
}

// packageOf returns the import path of the package that registered a model.
func packageOf(model string) (string, error) {
	for _, e := range models.Entries() {
		if e.Name != model {
			continue
		}
		if e.Package == "main" {
			return "", fmt.Errorf("the model %s is registered in a main package, which no other program can import: move it to a package of its own", model)
		}
		return e.Package, nil
	}
	return "", fmt.Errorf("no model is called %q", model)
}

// run runs a command for js/wasm and returns what it prints. The error has the last lines of its messages.
func run(ctx context.Context, name string, args ...string) (string, error) {
	c := exec.CommandContext(ctx, name, args...)
	c.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	var out, messages bytes.Buffer
	c.Stdout, c.Stderr = &out, &messages
	err := c.Run()
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil {
		lines := strings.Split(strings.TrimSpace(messages.String()), "\n")
		return "", fmt.Errorf("%s: %w: %s", name, err, strings.Join(lines[max(0, len(lines)-3):], "; "))
	}
	return out.String(), nil
}
