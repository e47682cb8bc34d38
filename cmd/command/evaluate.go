package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"euryale/evaluation"
	"euryale/evaluation/noise"
	"euryale/internal/cli"
	"euryale/internal/ranks"
	"euryale/internal/runfile"
	"euryale/internal/term"
	"euryale/training"
)

const evaluateIntro = `
evaluate measures a trained model: its loss over a part of its corpus, and the answers
or texts that it generates against references. It prints the measures and leaves them in
the run's eval.json. With -score it prints the likelihood of a text instead, with
-compare what differs between runs, with -mix how well they predict together.`

const evaluateExamples = `
Examples
  evaluate                                       measure the newest run
  evaluate -run runs/transformer-tatoeba-1 -beam 4,1,sample -part test -html answers.html
  evaluate -score book.txt                       likelihood of a text under the newest run
  evaluate -score book.txt -format json          {"tokens", "chars", "bytes", "nll_per_token",
            "perplexity", "bits_per_byte", "bits_per_char", "words", "word_perplexity"}
  evaluate -compare runs/a runs/b -html c.html   two runs
  evaluate -compare 'runs/a-*' 'runs/b-*'        groups of runs that differ only in the seed`

// evaluateOptions are the flags of evaluate.
type evaluateOptions struct {
	*cli.Flags
	model
	args                              []string // as given
	part, score, noise, pairs, format string
	examples, tokens, shown, stride   int
	beams                             string
	lengthPenalty, guidance           float64
	compare, stability, mix           cli.List
	cache                             int
	html, svg, report                 string
	detect, key                       string
	lines, copied                     bool
	prefix                            int
}

func newEvaluateOptions() *evaluateOptions {
	o := &evaluateOptions{Flags: cli.NewFlags("evaluate", evaluateIntro, evaluateExamples)}
	o.Group("Model and output", func() {
		o.model.declare(o.Flags)
		o.StringVar(&o.format, "format", "text", "`FORMAT` output: text or json (text)")
	})
	o.Group("Measuring on the run's corpus", func() {
		o.StringVar(&o.part, "part", "valid", "`PART` part of the corpus: train, valid or test (valid)")
		o.IntVar(&o.examples, "examples", 500, "`N` examples to answer, evenly spread; 0 is all (500)")
		o.IntVar(&o.tokens, "length", 128, "`N` most tokens of an answer (128)")
		o.StringVar(&o.beams, "beam", "1", "`LIST` ways to decode that are compared: beam widths (1 is greedy), sample, mbr=32 (1)")
		o.Float64Var(&o.lengthPenalty, "length-penalty", 1, "`X` above 1 favours longer answers (1)")
		o.Float64Var(&o.guidance, "guidance", 1, "`X` see generate (1)")
		o.model.declareEnsemble(o.Flags)
		o.Join("beam", "length-penalty", "guidance", "ensemble")
		o.IntVar(&o.shown, "shown", 3, "`N` answers to print (3)")
	})
	o.Group("Questions and texts", func() {
		o.StringVar(&o.pairs, "pairs", "", "`PATH` minimal pairs, multiple choice or last words (JSON Lines)")
		o.StringVar(&o.score, "score", "", "`FILE` print the likelihood of its text under the model")
		o.StringVar(&o.noise, "noise", "", "`LIST` with typos, case, width, homophones; typos=0.2 sets a rate (0.1)")
		o.IntVar(&o.stride, "stride", 0, "`N` tokens that the window moves by (half the context)")
		o.Join("noise", "stride")
	})
	o.Group("Reports", func() {
		o.StringVar(&o.report, "report", "", "`DIR` write the run's card: a page, and a README.md for an export")
		o.Var(&o.compare, "compare", "`A B …` compare runs, or groups of runs (quoted patterns), with the first")
		o.StringVar(&o.html, "html", "", "`FILE` write the comparison, or the answers, as an HTML page")
		o.StringVar(&o.svg, "svg", "", "`FILE` draw the validation losses during training")
		o.Join("html", "svg")
		o.Var(&o.mix, "mix", "`RUNS…` loss of the mean of the runs' probabilities")
		o.IntVar(&o.cache, "cache-ngrams", 0, "`N` with N-grams of the text before each token")
		o.Join("mix", "cache-ngrams")
		o.Var(&o.stability, "stability", "`RUNS …` how the final loss depends on seed, batches, precision and shards")
	})
	o.Group("Watermarks and copies", func() {
		o.BoolVar(&o.copied, "copied", false, "what the run remembers of its training text, and of data.canaries")
		o.IntVar(&o.prefix, "prefix", 0, "`N` tokens of a prompt from there (half the context, at most 50)")
		o.Join("copied", "prefix")
		o.StringVar(&o.detect, "detect", "", "`FILE` look for a watermark in a text (-svg draws it), or in many (records)")
		o.StringVar(&o.key, "key", "", "`FILE` its key: see generate -new-key")
		o.BoolVar(&o.lines, "lines", false, "each line of -detect is a text")
		o.Join("detect", "key", "lines")
	})
	o.Several("compare")
	o.Several("mix")
	o.Several("stability")
	o.Group("Machine", func() {
		o.model.declareMachine(o.Flags)
		o.machine.DeclareRanks(o.Flags)
	})
	return o
}

func (o *evaluateOptions) check() error {
	switch {
	case o.format != "text" && o.format != "json":
		return cli.Misusef("-format %s: want text or json", o.format)
	case o.report != "":
		return o.Only("report", "run", "last", "precision", "blas", "threads")
	case o.pairs != "":
		return o.Only("pairs", "run", "last", "format", "precision", "blas", "threads")
	case o.score != "" && o.noise != "" && noiseError(o.noise) != nil:
		return cli.Misusef("-noise: %w", noiseError(o.noise))
	case o.score != "":
		return o.Only("score", "noise", "stride", "run", "last", "format", "precision", "blas", "threads")
	case len(o.compare) > 0:
		return o.checkCompare()
	case len(o.stability) > 0:
		return o.Only("stability", "run", "last", "format", "blas", "threads")
	case len(o.mix) > 0:
		return o.checkMix()
	case o.detect != "":
		return o.checkDetect()
	case o.cache != 0:
		return cli.Misusef("-cache-ngrams %d is mixed with runs: give -mix RUN", o.cache)
	case o.copied:
		return o.checkCopied()
	case o.prefix != 0:
		return cli.Misusef("-prefix %d says how -copied prompts: give -copied", o.prefix)
	case o.key != "" || o.lines:
		return cli.Misusef("-key and -lines are of -detect FILE")
	case o.svg != "":
		return cli.Misusef("-svg is of -compare A B and of -detect FILE")
	case o.stride != 0 || o.noise != "":
		return cli.Misusef("-stride and -noise say how -score reads: give -score FILE")
	case !isPart(o.part):
		return cli.Misusef("-part %s: want train, valid or test", o.part)
	case o.examples < 0 || o.tokens < 1 || o.shown < 0:
		return cli.Misusef("-examples %d, -length %d, -shown %d: want none below 0, and a length", o.examples, o.tokens, o.shown)
	}
	if _, err := o.decodings(); err != nil {
		return cli.Misusef("%w", err)
	}
	return nil
}

func noiseError(list string) error {
	_, err := noise.Parse(list)
	return err
}

// isPart reports whether a corpus can have a part of this name.
func isPart(name string) bool { return name == "train" || name == "valid" || name == "test" }

func runEvaluate(args []string, s streams) int {
	o := newEvaluateOptions()
	o.args = args
	return cli.Main(o.Flags, args, s.out, s.err, func(ctx context.Context) error {
		if err := o.oneRank(); err != nil {
			return err
		}
		s, err := s.join(&o.machine)
		if err != nil {
			return err
		}
		return evaluate(ctx, o, s)
	})
}

// oneRank refuses the flags whose work ranks do not share.
func (o *evaluateOptions) oneRank() error {
	for _, name := range []string{"compare", "mix", "pairs", "report", "noise"} {
		if o.Given(name) {
			return cli.OneRank("evaluate -" + name)
		}
	}
	return nil
}

func evaluate(ctx context.Context, o *evaluateOptions, s streams) error {
	if err := o.check(); err != nil {
		return err
	}
	switch {
	case len(o.compare) > 0:
		return compareRuns(ctx, o, s)
	case len(o.stability) > 0:
		return o.printStability(s)
	case len(o.mix) > 0:
		return o.mixRuns(ctx, s)
	case o.detect != "":
		return o.detectIn(ctx, s)
	}
	saved, g, release, err := o.open(s.err)
	if err != nil {
		return err
	}
	defer release()
	saved.Ranks = s.ranks
	switch {
	case o.report != "":
		return o.writeReport(saved, s)
	case o.pairs != "":
		return o.askQuestions(ctx, g, s)
	case o.score != "":
		return o.scoreFile(ctx, saved, g, s)
	case o.copied:
		return o.remembered(ctx, saved, s)
	}
	return o.measureRun(ctx, saved, s)
}

// measureRun measures a run on its corpus, prints the measures and leaves them in its directory.
func (o *evaluateOptions) measureRun(ctx context.Context, saved *training.Saved, s streams) (err error) {
	m, interrupted := o.measure(ctx, saved, s.err)
	if errors.Is(interrupted, evaluation.ErrNoCorpus) {
		return fmt.Errorf("%s: %w", o.run, interrupted)
	}
	if m == nil {
		return interrupted
	}
	for _, note := range m.Notes {
		tell(s.err, note.En)
	}
	all := map[string]any{"part": o.part, "report": m.Report, "samples": m.Samples}
	if len(m.Systems) > 0 {
		all["intervals"], all["signatures"], all["systems"] = m.Intervals, m.Signatures, m.Systems
	}
	if m.Partial != "" {
		all["partial"] = m.Partial
	}
	if o.format == "json" {
		err = printJSON(s.out, all)
	} else {
		err = o.print(m, s.out)
	}
	if interrupted != nil { // the file of an earlier evaluation stays
		return errors.Join(interrupted, err)
	}
	if s.ranks.Rank() > 0 {
		return ranks.Agree(s.ranks, err)
	}
	o.keep(m.Section(o.part, o.command()), s.err)
	err = errors.Join(err, runfile.WriteAtomic(filepath.Join(o.run, "eval.json"), func(w io.Writer) error {
		j := json.NewEncoder(w)
		j.SetIndent("", " ")
		j.SetEscapeHTML(false)
		return j.Encode(all)
	}))
	if o.html != "" {
		err = errors.Join(err, o.writeAnswers(ctx, saved, m, s.err))
	}
	return ranks.Agree(s.ranks, errors.Join(err, reportUnanswered(m, s.err)))
}

// reportUnanswered prints which examples have no answer, and why, and returns an error if
// there are any.
func reportUnanswered(m *evaluation.Measured, stderr io.Writer) error {
	for _, err := range m.Unanswered {
		fmt.Fprintln(stderr, err)
	}
	if n := len(m.Unanswered); n > 0 {
		return fmt.Errorf("%d of %d examples have no answer, and count as empty answers: see the lines above", n, len(m.Samples))
	}
	return nil
}

// measure measures the run on its corpus.
func (o *evaluateOptions) measure(ctx context.Context, saved *training.Saved, stderr io.Writer) (*evaluation.Measured, error) {
	var bar *term.Progress
	show := func(what string) func(done, total int) {
		var own *term.Progress
		return func(done, total int) {
			if own == nil {
				bar.Done()
				own = term.New(stderr, total, what)
				bar = own
			}
			own.Update(done, "")
		}
	}
	defer func() { bar.Done() }()
	all, err := o.decodings()
	if err != nil {
		return nil, err
	}
	return evaluation.Measure(ctx, saved, evaluation.Options{Part: o.part, Examples: o.examples, Settings: all[0].Settings, Name: all[0].Name, Also: all[1:], Log: stderr,
		Validating: show("reading the part"), Progress: show("answering")})
}

// print writes the first samples and the measures.
func (o *evaluateOptions) print(m *evaluation.Measured, w io.Writer) error {
	for _, t := range m.Samples[:min(o.shown, len(m.Samples))] {
		if t.Source != "" {
			fmt.Fprintf(w, "%s\n", t.Source)
		}
		fmt.Fprintf(w, "→ %s\n", t.Text)
		if t.Reference != "" {
			fmt.Fprintf(w, "  (%s)\n", t.Reference)
		}
		fmt.Fprintln(w)
	}
	if _, err := fmt.Fprintf(w, "%s part of the corpus\n%s", o.part, m); err != nil || m.Partial == "" {
		return err
	}
	_, err := fmt.Fprintf(w, "partial: interrupted, this is %s\n", m.Partial)
	return err
}
