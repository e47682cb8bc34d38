package command

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"euryale/data/textfile"
	"euryale/generation"
)

// printer prints what the generator generates.
type printer struct {
	*generateOptions
	gen  *generation.Generator
	out  *checkedWriter
	chat *generation.Conversation // nil: each prompt stands for itself
}

// resetLine is the line at -interactive that forgets the conversation.
const resetLine = "/reset"

// interact answers the lines of standard input. A dialogue model remembers the turns before.
func (p *printer) interact(ctx context.Context, s streams) error {
	if p.chat = generation.NewConversation(p.gen); p.chat != nil {
		fmt.Fprintf(s.err, "conversation: the model remembers the turns that fit its context; %s forgets them; \"NAME: text\" speaks as %s\n",
			resetLine, strings.Join(p.gen.Format.Speakers(), " or "))
	}
	next := linesOf(ctx, textfile.DropMark(s.in))
	for {
		prompt, err := next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		err = p.answer(ctx, prompt)
		if p.out.err != nil || ctx.Err() != nil {
			return cmp.Or(p.out.err, ctx.Err())
		}
		if err != nil {
			fmt.Fprintf(s.err, "%v\n", err)
		}
	}
}

// promptOf returns what the model reads of a text, in a conversation also of the turns before it.
func (p *printer) promptOf(text string) (generation.Prompt, error) {
	if p.chat != nil {
		return p.chat.Prompt(text)
	}
	return p.gen.Prompt(text)
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
	if p.chat != nil && strings.TrimSpace(text) == resetLine {
		p.chat.Reset()
		return nil
	}
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
	if p.chat != nil && err == nil {
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
	if !p.logprobs {
		r.Logprobs = nil
	}
	return printJSON(w, r)
}
