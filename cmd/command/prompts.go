package command

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"

	"euryale/data/textfile"
	"euryale/generation"
	"euryale/internal/cli"
	"euryale/internal/runfile"
	"euryale/internal/term"
)

// promptFile answers the prompts of a file. Its memory does not grow with the file.
type promptFile struct {
	*printer
	stderr   io.Writer
	journal  *runfile.Journal // of -output; nil: answers are printed
	progress *term.Progress   // nil: answers are printed on a terminal

	next    func() (string, error) // the next line
	read    int                    // lines read
	failed  int                    // of them, those without an answer
	cut     int                    // of those read by this call, the sources that were too long
	cutNote string                 // where the first of them is, and what was read of it
	begun   int                    // samples of the last prompt that have been begun
	prompt  generation.Prompt      // the last one
	pending []pendingLine          // prompts whose answers are not complete, in order
}

// pendingLine is a line whose answers are not complete.
type pendingLine struct {
	line, failed int // its number, and how many lines before it have no answer
	echo         string
	left         int // samples that are to come
}

// file answers the prompts of a file, side by side. Those that have no answer are reported with their
// line, and the others are answered; then it returns an error. With -output it continues after the
// last whole answer.
func (p *printer) file(ctx context.Context, stderr io.Writer) (err error) {
	f, err := textfile.Open(p.prompts)
	if err != nil {
		return err
	}
	defer f.Close()
	tell(stderr, f.Note())
	pf := &promptFile{printer: p, stderr: stderr, next: linesOf(ctx, f)}
	total, err := pf.count()
	if err != nil {
		return err
	}
	if p.output != "" {
		if err := pf.resume(); err != nil {
			return err
		}
		defer func() {
			if err != nil {
				err = errors.Join(err, pf.journal.Close())
			}
		}()
	}
	if p.output != "" || !term.IsTerminal(p.out.w) {
		pf.progress = term.New(stderr, total, "prompts")
		pf.progress.Update(pf.read, "")
	}
	sequences := p.batch
	switch {
	case sequences == 0 && total == 0: // a pipe: its writer may wait for each answer
		sequences = 1
	case sequences == 0:
		sequences = defaultBatch
	}
	if total > 0 {
		sequences = min(sequences, (total-pf.read)*p.samples)
	}
	err = pf.answerAll(ctx, max(1, sequences))
	pf.progress.Done()
	pf.tellCut()
	if err != nil {
		return err
	}
	if pf.journal != nil {
		if err := pf.journal.Finish(); err != nil {
			return err
		}
	}
	if pf.failed > 0 {
		return fmt.Errorf("%s: %d of %d prompts have no answer: see the lines above", p.prompts, pf.failed, pf.read)
	}
	return nil
}

// defaultBatch is how many prompts of a file are answered side by side.
const defaultBatch = 16

// count returns the number of lines of the file, or 0 if it is a pipe.
func (p *promptFile) count() (lines int, err error) {
	info, err := os.Stat(p.prompts)
	if err != nil || !info.Mode().IsRegular() {
		if p.output != "" {
			err = cmp.Or(err, error(cli.Misusef("-output continues where it ended, for which -prompts must be a file, and %s is none", p.prompts)))
		}
		return 0, err
	}
	err = eachBlock(p.prompts, func(text []byte, last bool) {
		lines += bytes.Count(text, []byte("\n"))
		if last && len(text) > 0 && text[len(text)-1] != '\n' {
			lines++
		}
	})
	return lines, err
}

// eachBlock calls f with a text file, block by block; last says that the block ends it.
func eachBlock(path string, f func(text []byte, last bool)) error {
	file, err := textfile.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	block, ahead := make([]byte, 1<<16), make([]byte, 1<<16)
	n, err := io.ReadFull(file, block)
	for err == nil {
		var m int
		m, err = io.ReadFull(file, ahead)
		f(block[:n], m == 0)
		block, ahead, n = ahead, block, m
	}
	if n > 0 {
		f(block[:n], true)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// resume opens the output, and skips the lines whose answers it has.
func (p *promptFile) resume() error {
	hash := sha256.New()
	if err := eachBlock(p.prompts, func(text []byte, _ bool) { hash.Write(text) }); err != nil {
		return err
	}
	weights, err := p.fingerprint()
	if err != nil {
		return err
	}
	identity := map[string]string{"prompts": hex.EncodeToString(hash.Sum(nil)), "weights": weights}
	p.VisitAll(func(f *flag.Flag) {
		if !slices.Contains([]string{"run", "last", "prompts", "output", "batch", "threads", "blas", "cache"}, f.Name) {
			identity["-"+f.Name] = f.Value.String()
		}
	})
	if p.journal, err = runfile.OpenJournal(p.output, identity); err != nil || p.journal.State() == "" {
		return err
	}
	var done int
	if _, err := fmt.Sscan(p.journal.State(), &done, &p.failed); err != nil {
		return fmt.Errorf("%s: the journal is damaged: delete both", p.output)
	}
	for p.read < done {
		if _, err := p.next(); err != nil {
			return err
		}
		p.read++
	}
	fmt.Fprintf(p.stderr, "%s has the answers of %d prompts: continuing\n", p.output, done)
	return nil
}

// answerAll answers the prompts, so many side by side if the strategy samples each text by itself.
func (p *promptFile) answerAll(ctx context.Context, sequences int) error {
	if p.gen.Format.Mask() < 0 && p.settings.SideBySide() {
		return p.gen.Batch(ctx, sequences, p.settings, func() (generation.Prompt, int, error) { return p.nextSample(ctx) }, p.add)
	}
	for {
		prompt, _, err := p.nextSample(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		p.begun = p.samples // all at once
		results, err := p.whole(ctx, prompt)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			p.pending = nil
			p.report(err)
			continue
		}
		p.pending[0].left = len(results) // beams may find fewer
		for _, r := range results {
			if err := p.add(r); err != nil {
				return err
			}
		}
	}
}

// whole returns all answers of one prompt.
func (p *promptFile) whole(ctx context.Context, prompt generation.Prompt) ([]generation.Result, error) {
	if p.gen.Format.Mask() >= 0 {
		r, err := p.gen.Restore(prompt)
		return []generation.Result{r}, err
	}
	return p.gen.Generate(ctx, prompt, p.settings, p.samples, nil)
}

// nextSample returns the prompt of the next sample and its index, or io.EOF. Lines that cannot be read
// are reported.
func (p *promptFile) nextSample(ctx context.Context) (generation.Prompt, int, error) {
	for p.begun%p.samples == 0 {
		text, err := p.next()
		if err != nil {
			return generation.Prompt{}, 0, cmp.Or(ctx.Err(), err)
		}
		p.read++
		prompt, err := p.onePrompt(text)
		if err != nil {
			p.report(err)
			continue
		}
		p.countCut(prompt.Note)
		echo := text
		if p.gen.Format.End() >= 0 || p.gen.Format.Mask() >= 0 {
			echo = "" // an answer, not a continuation
		}
		p.prompt, p.begun = prompt, 0
		p.pending = append(p.pending, pendingLine{p.read, p.failed, echo, p.samples})
		break
	}
	p.begun++
	return p.prompt, p.begun - 1, nil
}

// countCut counts a prompt that was cut, which its note says.
func (p *promptFile) countCut(note string) {
	if note == "" {
		return
	}
	if p.cut++; p.cut == 1 {
		p.cutNote = fmt.Sprintf("line %d: %s", p.read, note)
	}
}

// tellCut says how many prompts were cut.
func (p *promptFile) tellCut() {
	if p.cut > 0 {
		tell(p.stderr, fmt.Sprintf("%s: %d prompts are longer than the model reads and were cut, the first at %s", p.prompts, p.cut, p.cutNote))
	}
}

// report says that the line read last has no answer.
func (p *promptFile) report(err error) {
	p.failed++
	message := fmt.Sprintf("%s: line %d: %v", p.prompts, p.read, err)
	if p.progress != nil {
		p.progress.Println(message)
	} else {
		fmt.Fprintln(p.stderr, message)
	}
}

// add writes an answer; when it is the last of its line, the line is done.
func (p *promptFile) add(r generation.Result) error {
	p.speed.count(r)
	line := &p.pending[0]
	line.left--
	out := io.Writer(p.out)
	if p.journal != nil {
		out = p.journal
	}
	if err := p.write(out, line.echo, r, line.left == 0); err != nil {
		return err
	}
	if line.left > 0 {
		return nil
	}
	done := *line
	p.pending = p.pending[1:]
	p.progress.Update(done.line, "")
	if p.journal == nil {
		return nil
	}
	return p.journal.Mark(fmt.Sprint(done.line, " ", done.failed))
}

// write writes an answer as a line of JSON, or as text after what it continues.
func (p *printer) write(w io.Writer, echo string, r generation.Result, last bool) error {
	if p.format == "json" {
		return p.object(w, r)
	}
	if !last {
		r.Text += "\n---"
	}
	_, err := fmt.Fprintln(w, echo+r.Text)
	return err
}
