package command

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"euryale/generation"
)

// printer prints what the generator generates.
type printer struct {
	*generateOptions
	gen  *generation.Generator
	out  *checkedWriter
	chat *generation.Conversation // nil: each prompt stands for itself
	told io.Writer                // notes

	saved string // the file that /save wrote last
}

// promptOf returns what the model reads of a text, in a conversation also of the turns before it.
func (p *printer) promptOf(text string) (generation.Prompt, error) {
	if p.chat != nil {
		return p.chat.Prompt(text)
	}
	prompt, err := p.onePrompt(text)
	tell(p.told, prompt.Note)
	return prompt, err
}

// onePrompt returns what the model reads of a text that stands for itself. A source that is too long is cut,
// and the prompt's note says so. A turn of a dialogue that is too long is refused: what it asks is often
// at its end.
func (p *printer) onePrompt(text string) (generation.Prompt, error) {
	if f := p.gen.Format; f != nil && len(f.Speakers()) > 0 {
		return p.gen.Prompt(text)
	}
	return p.gen.PromptCut(text)
}

// linesOf returns a function that returns the lines of r one by one, then io.EOF. It does not
// wait for a line longer than ctx lasts.
func linesOf(ctx context.Context, r io.Reader) func() (string, error) {
	type read struct {
		line string
		err  error
	}
	in, lines := bufio.NewReader(r), make(chan read)
	go func() {
		for {
			line, err := in.ReadString('\n')
			if errors.Is(err, io.EOF) && line != "" { // the last, without a line break
				err = nil
			}
			select {
			case lines <- read{strings.TrimRight(line, "\r\n"), err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return func() (string, error) {
		select {
		case l := <-lines:
			return l.line, l.err
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// checkedWriter remembers its first error, which is also that of all later calls.
type checkedWriter struct {
	w   io.Writer
	err error
}

func (c *checkedWriter) Write(p []byte) (n int, err error) {
	if c.err == nil {
		n, c.err = c.w.Write(p)
	}
	return n, c.err
}

// answer prints the continuations of one prompt.
func (p *printer) answer(ctx context.Context, text string) error {
	prompt, err := p.promptOf(text)
	if err != nil {
		return err
	}
	if p.gen.Format.Mask() >= 0 {
		return p.restore(prompt)
	}
	live := p.format == "text" && p.samples == 1 && p.stream && p.settings.Streams()
	var stream func(int, string)
	echo := text
	if p.gen.Format.End() >= 0 {
		echo = "" // an answer, not a continuation
	}
	if live {
		fmt.Fprint(p.out, echo)
		stream = func(_ int, piece string) { fmt.Fprint(p.out, piece) }
	}
	results, err := p.gen.Generate(ctx, prompt, p.settings, p.samples, stream)
	if p.chat != nil && (err == nil || ctx.Err() != nil && len(results) > 0) { // what was said before Ctrl-C is said
		p.chat.Add(prompt, results[0].Text)
	}
	if live {
		fmt.Fprintln(p.out)
	}
	for i, r := range results { // what there is, even where the last tokens failed
		p.speed.count(r)
		switch {
		case p.format == "json":
			err = errors.Join(err, p.object(p.out, r))
		case !live:
			fmt.Fprintln(p.out, echo+r.Text)
			if i < len(results)-1 {
				fmt.Fprintln(p.out, "---")
			}
		}
	}
	return errors.Join(err, p.out.err)
}

// restore prints a prompt with its hidden tokens restored.
func (p *printer) restore(prompt generation.Prompt) error {
	r, err := p.gen.Restore(prompt)
	if err != nil {
		return err
	}
	if p.format == "json" {
		return p.object(p.out, r)
	}
	_, err = fmt.Fprintln(p.out, r.Text)
	return err
}

// object writes a continuation as a line of JSON.
func (p *printer) object(w io.Writer, r generation.Result) error {
	if !p.logprobs && p.settings.TopLogprobs == 0 {
		r.Logprobs = nil
	}
	return printJSON(w, r)
}
