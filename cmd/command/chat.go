package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"euryale/data/textfile"
	"euryale/generation"
	"euryale/internal/cli"
	"euryale/internal/near"
	"euryale/internal/runfile"
	"euryale/internal/term"
)

// interact answers the lines of standard input. Ctrl-C stops an answer; while none is generated, it
// ends the command. A dialogue model remembers the turns before.
func (p *printer) interact(ctx context.Context, s streams) error {
	if p.chat = generation.NewConversation(p.gen); p.chat != nil {
		fmt.Fprintf(s.err, "conversation: the model remembers the turns that fit its context; /reset forgets them; \"NAME: text\" speaks as %s; /help lists the commands\n",
			strings.Join(p.gen.Format.Speakers(), " or "))
	}
	next, shown := linesOf(ctx, textfile.DropMark(s.in)), term.IsTerminal(s.in) && term.IsTerminal(s.err)
	for {
		if shown {
			fmt.Fprint(s.err, "> ")
		}
		line, err := next()
		if shown && err != nil {
			fmt.Fprintln(s.err)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = p.reply(ctx, line, s.err)
		}
		switch {
		case p.out.err != nil || ctx.Err() != nil:
			return cmp.Or(p.out.err, ctx.Err())
		case err != nil:
			fmt.Fprintf(s.err, "%v\n", err)
		}
	}
}

// reply does what a line of input says: it is a prompt or, in a conversation, a turn or a command.
func (p *printer) reply(ctx context.Context, line string, stderr io.Writer) error {
	if p.chat != nil {
		if command := strings.TrimSpace(line); strings.HasPrefix(command, "/") {
			return p.command(command, stderr)
		}
		if p.chat.Instructs(line) {
			prompt, err := p.chat.Prompt(line)
			if err == nil {
				p.chat.Add(prompt, "")
			}
			return err
		}
	}
	answer, done := cli.Part(ctx)
	defer done()
	err := p.answer(answer, line)
	if answer.Err() != nil && ctx.Err() == nil {
		return errors.New("stopped; Ctrl-C ends the program now")
	}
	return err
}

// chatCommand is a command of a conversation.
type chatCommand struct {
	name, value, does string
	run               func(p *printer, value string, stderr io.Writer) error
}

var chatCommands = []chatCommand{
	{"/reset", "", "forget all turns", func(p *printer, _ string, _ io.Writer) error {
		p.chat.Reset()
		return nil
	}},
	{"/undo", "", "forget the last turn and the answer to it", (*printer).undo},
	{"/temperature", " T", "set the softmax temperature; 0 is greedy", (*printer).setTemperature},
	{"/seed", " N", "set the random seed", (*printer).setSeed},
	{"/save", " FILE", "write the conversation to a file, as JSON Lines of messages, which -data reads", (*printer).saveChat},
}

// command executes a line that begins with "/".
func (p *printer) command(line string, stderr io.Writer) error {
	name, value, _ := strings.Cut(line, " ")
	value = strings.TrimSpace(value)
	names := []string{"/help"}
	for _, c := range chatCommands {
		names = append(names, c.name)
		switch {
		case c.name != name:
			continue
		case value == "" && c.value != "":
			return fmt.Errorf("%s: want%s after it", name, c.value)
		case value != "" && c.value == "":
			return fmt.Errorf("%s %s: want nothing after %s", name, value, name)
		}
		return c.run(p, value, stderr)
	}
	if name != "/help" {
		return fmt.Errorf("there is no command %s: did you mean %s? (/help lists all; \"NAME: %s\" says it)", name, near.Name(name, names), line)
	}
	for _, c := range chatCommands {
		fmt.Fprintf(stderr, "%-15s %s\n", c.name+c.value, c.does)
	}
	_, err := fmt.Fprintln(stderr, "NAME: text      say it as NAME; Ctrl-C stops an answer, Ctrl-D ends")
	return err
}

func (p *printer) undo(_ string, stderr io.Writer) error {
	turns := p.chat.Undo()
	if len(turns) == 0 {
		return errors.New("/undo: there is no turn to forget")
	}
	for _, t := range turns {
		fmt.Fprintf(stderr, "forgotten: %s: %s\n", t.Speaker, t.Text)
	}
	return nil
}

func (p *printer) setTemperature(value string, _ io.Writer) (err error) {
	s := p.settings
	if s.Temperature, err = strconv.ParseFloat(value, 64); err != nil {
		return fmt.Errorf("/temperature %s: want a number, 0 (greedy) or more", value)
	}
	if err := s.Check(); err != nil {
		return fmt.Errorf("/temperature %s: %w", value, err)
	}
	if s.Beams > 0 && !s.BeamSample {
		return fmt.Errorf("/temperature %s: -beam %d does not sample", value, s.Beams)
	}
	p.settings = s
	return nil
}

func (p *printer) setSeed(value string, _ io.Writer) error {
	seed, err := strconv.ParseUint(value, 10, 64)
	if err != nil {
		return fmt.Errorf("/seed %s: want a whole number, 0 or more", value)
	}
	p.settings.Seed = seed
	return nil
}

// saveChat writes the conversation to a new file, or again to that which it wrote last.
func (p *printer) saveChat(path string, stderr io.Writer) error {
	if _, err := os.Lstat(path); err == nil && path != p.saved {
		return fmt.Errorf("/save %s: the file is there already: name another", path)
	}
	turns := p.chat.Turns()
	if len(turns) == 0 {
		return fmt.Errorf("/save %s: the conversation has no turns", path)
	}
	err := runfile.WriteAtomic(path, func(w io.Writer) error {
		return printJSON(w, map[string][]generation.Turn{"messages": turns})
	})
	if err != nil {
		return fmt.Errorf("/save: %w", err)
	}
	p.saved = path
	_, err = fmt.Fprintf(stderr, "turns in %s: %d\n", path, len(turns))
	return err
}
