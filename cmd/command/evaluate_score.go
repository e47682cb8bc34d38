package command

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"

	"euryale/data/textfile"
	"euryale/data/tokenizer"
	"euryale/evaluation/noise"
	"euryale/generation"
	"euryale/internal/ranks"
	"euryale/internal/term"
	"euryale/training"
)

// scoreFile prints the likelihood of a file's text.
func (o *evaluateOptions) scoreFile(ctx context.Context, saved *training.Saved, g *generation.Generator, st streams) error {
	text, note, err := textfile.ReadFile(o.score)
	if err = ranks.Agree(st.ranks, err); err != nil {
		return err
	}
	hash := sha256.Sum256([]byte(text))
	if err := saved.CheckSame(nil, ranks.Trait{Name: "the hash of " + o.score, Value: fmt.Sprintf("%x", hash[:8])}); err != nil {
		return err
	}
	g.Ranks = st.ranks
	tell(st.err, note)
	tell(st.err, trainedOn(saved, o.score))
	if o.noise != "" {
		return o.scoreNoise(ctx, g, text, st)
	}
	bar := term.New(st.err, 100, "scoring")
	s, err := g.Score(ctx, text, o.stride, func(done, total int) { bar.Update(100*done/total, "") })
	bar.Done()
	if err != nil && s.Tokens == 0 {
		return fmt.Errorf("%s: %w", o.score, err)
	}
	if s.Unknown > 0 {
		tell(st.err, fmt.Sprintf("%d of its words are not in the vocabulary: the numbers are those of the text with %s in their place", s.Unknown, tokenizer.Unknown))
	}
	return errors.Join(err, o.printScore(s, st.out))
}

func (o *evaluateOptions) printScore(s generation.Score, w io.Writer) error {
	if o.format == "json" {
		return printJSON(w, s)
	}
	partial := ""
	if s.Partial {
		partial = "partial: interrupted, this is the beginning of the text\n"
	}
	_, err := fmt.Fprintf(w, "%d tokens, %d characters, %d bytes\n%.4f nats per token, perplexity %.3f\n%.4f bits per byte, %.4f bits per character\n%d words and ends of lines, perplexity of words %.3f\n%s",
		s.Tokens, s.Chars, s.Bytes, s.NLLPerToken, s.Perplexity, s.BitsPerByte, s.BitsPerChar, s.Words, s.WordPerplexity, partial)
	return err
}

// trainedOn says that a file is the run's corpus, most of which is its training part.
func trainedOn(saved *training.Saved, file string) string {
	one, err := os.Stat(file)
	corpus, err2 := os.Stat(saved.Config.Data.Name)
	if err != nil || err2 != nil || !os.SameFile(one, corpus) {
		return ""
	}
	return file + " is the corpus of the run, its training part included: this is no measure of held-out text, which -part valid or test is"
}

// scoreNoise prints what noise costs the model on a text.
func (o *evaluateOptions) scoreNoise(ctx context.Context, g *generation.Generator, text string, s streams) error {
	all, err := noise.Parse(o.noise)
	if err != nil {
		return err
	}
	bar := term.New(s.err, 100, "scoring with noise")
	r, err := noise.Measure(ctx, g, text, all, o.stride, func(done, total int) { bar.Update(100*done/total, "") })
	bar.Done()
	if err != nil {
		return fmt.Errorf("%s: %w", o.score, err)
	}
	if o.format == "json" {
		err = printJSON(s.out, r)
	} else {
		_, err = fmt.Fprint(s.out, r)
	}
	o.keep(r.Section(o.score, o.command()), s.err)
	return err
}
