package command

import (
	"context"
	"fmt"
	"io"

	"euryale/data/tokenizer"
	"euryale/evaluation"
	"euryale/generation/watermark"
	"euryale/internal/cli"
	"euryale/internal/runfile"
	"euryale/training"
)

// checkDetect checks the flags that go with -detect.
func (o *evaluateOptions) checkDetect() error {
	if o.key == "" {
		return cli.Misusef("-detect %s: give the key that the text may be marked with, -key FILE", o.detect)
	}
	return o.Only("detect", "key", "lines", "svg", "run", "format", "blas", "threads")
}

// detectIn looks for the watermark of a key in the texts of a file. It reads the tokenizer of the run, and no
// weights.
func (o *evaluateOptions) detectIn(_ context.Context, s streams) error {
	key, err := watermark.Read(o.key)
	if err != nil {
		return err
	}
	if o.run == "" {
		if o.run, err = training.Newest("runs"); err != nil {
			return err
		}
	}
	g, err := training.OpenTokens(o.run)
	if err != nil {
		return err
	}
	texts, many, note, err := evaluation.ReadTexts(o.detect, o.lines)
	if err != nil {
		return err
	}
	tell(s.err, note)
	if many {
		if o.svg != "" {
			return cli.Misusef("-svg draws one text, and %s has %d", o.detect, len(texts))
		}
		return o.printDetected(evaluation.Detect(key, g.Tokenizer, texts), s)
	}
	return o.detectOne(key, g.Tokenizer, texts[0], s.out)
}

// detectOne prints the evidence of a watermark in a text, and draws it.
func (o *evaluateOptions) detectOne(key *watermark.Key, tk tokenizer.Tokenizer, text string, w io.Writer) error {
	f, ids, err := evaluation.DetectText(key, tk, text)
	if err != nil {
		return fmt.Errorf("%s: %w", o.detect, err)
	}
	if o.svg != "" {
		if err := runfile.WriteAtomic(o.svg, func(w io.Writer) error {
			_, err := io.WriteString(w, evaluation.DetectedSVG(key, tk, f, ids))
			return err
		}); err != nil {
			return err
		}
	}
	if o.format == "json" {
		return printJSON(w, f)
	}
	verdict := "not found"
	if f.P < evaluation.DetectLevel {
		verdict = "found"
	}
	unweighted := ""
	if f.Method == watermark.Tournament {
		unweighted = fmt.Sprintf(", unweighted %.4f", f.Unweighted)
	}
	_, err = fmt.Fprintf(w, "%s\n%d tokens, of which %d count\nscore %.4f%s; %.4f is expected without the watermark\nz = %.2f, p = %.3g: %s at p < %v\n",
		key, f.Tokens, f.Scored, f.Score, unweighted, f.Expected, f.Z, f.P, verdict, evaluation.DetectLevel)
	return err
}

// printDetected prints in how many texts there is evidence of a watermark.
func (o *evaluateOptions) printDetected(d *evaluation.Detected, s streams) error {
	const shown = 3
	for i, err := range d.Errors {
		if i == shown {
			fmt.Fprintf(s.err, "… and %d more\n", len(d.Errors)-shown)
			break
		}
		fmt.Fprintf(s.err, "%s: %v\n", o.detect, err)
	}
	if d.Tested == 0 {
		return fmt.Errorf("%s: none of its %d texts can be tested: see the lines above", o.detect, d.Texts)
	}
	o.keep(d.Section(o.detect, o.command()), s.err)
	if o.format == "json" {
		return printJSON(s.out, d)
	}
	_, err := fmt.Fprintf(s.out, "%s\n%d texts, of which %d were tested (%d are too short, %d have no tokens)\nfound at p < %v in %d: %.2f %% (95 %%: %.2f to %.2f)\n",
		d.Key, d.Texts, d.Tested, d.TooShort, d.Unreadable, evaluation.DetectLevel, d.Found, 100*d.Share.Value, 100*d.Share.Low, 100*d.Share.High)
	return err
}
