package command

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"euryale/internal/cli"
	"euryale/internal/ranks"
	"euryale/internal/term"
	"euryale/models"
	"euryale/training"
	"euryale/training/rundir"
)

// trainOptions are the flags of train.
type trainOptions struct {
	*cli.Flags
	config, out, resume, init string
	imports, exports          string
	page                      webPage
	check, describe, profile  bool
	format, batch             string // of -check: how findings are printed, and the file of a saved batch
	sets, sweep, average      cli.List
	seeds                     int
	short                     map[string]string // key → value of the flag that stands for it
	machine                   cli.Machine
	graph                     picture
	scale                     scaleOptions
}

// settings returns the -set flags, after those that the other flags stand for.
func (o *trainOptions) settings() []string {
	var sets []string
	for _, s := range shorthands {
		if v, ok := o.short[s.key]; ok {
			sets = append(sets, s.key+"="+v)
		}
	}
	return append(sets, o.sets...)
}

func runTrain(args []string, s streams) int {
	o := newTrainOptions(s.prefix)
	return cli.Main(o.Flags, args, s.out, s.err, func(ctx context.Context) error {
		if err := o.oneRank(); err != nil {
			return err
		}
		s, err := s.join(&o.machine)
		if err != nil {
			return err
		}
		return train(ctx, o, s)
	})
}

// oneRank refuses the flags with which nothing is trained on several ranks.
func (o *trainOptions) oneRank() error {
	for _, name := range []string{"check", "describe", "profile", "graph", "import", "export", "export-page", "average"} {
		given := false
		o.Visit(func(f *flag.Flag) { given = given || f.Name == name })
		if given {
			return cli.OneRank("train -" + name)
		}
	}
	return nil
}

func train(ctx context.Context, o *trainOptions, s streams) error {
	if o.page.dir != "" {
		return o.page.export(ctx, o, s)
	}
	if o.imports != "" || o.exports != "" {
		return convert(o, s)
	}
	if len(o.average) > 0 {
		return average(o, s)
	}
	if o.sweeps() {
		return sweep(ctx, o, s)
	}
	if err := errors.Join(o.graph.check(), o.checkFlags()); err != nil {
		return err
	}
	if err := o.machine.Use(s.err); err != nil {
		return err
	}
	training.LimitMemory()
	if err := o.beginMissing(s); err != nil {
		return err
	}
	r, err := openChecked(ctx, o, s)
	if err != nil {
		return err
	}
	defer r.Close()
	return use(ctx, o, r, s)
}

// use trains a run, or only describes it.
func use(ctx context.Context, o *trainOptions, r *training.Run, s streams) error {
	fmt.Fprintln(s.err, r.Describe())
	if err := cli.Precision(s.err, r.Config.Training.Precision); err != nil {
		return err
	}
	switch {
	case o.check:
		return check(ctx, o, r, s)
	case o.graph.file != "":
		return o.graph.draw(r, s.err)
	case o.describe:
		if err := describe(ctx, r, s.out); err != nil || o.scale.ranks == "" {
			return err
		}
		return o.scale.predict(ctx, r.Config, s)
	case o.profile:
		return profile(ctx, o, r, s)
	}
	w := &watcher{run: r, stderr: s.err}
	r.Watch = training.Watch{Step: w.step, Validating: w.validating, Eval: w.eval, Message: func(text string) { w.print(text) }}
	if text := r.ScheduleWarning(); text != "" {
		fmt.Fprintln(s.err, text)
	}
	err := learn(ctx, r)
	w.bar.Done()
	if err != nil {
		return err
	}
	return finish(r, s)
}

// learn trains a run. One that is interrupted may take its time to save; a model that reads
// the text once has nothing to save before it has read it all.
func learn(ctx context.Context, r *training.Run) error {
	_, isPredictor := r.Config.Model.(models.Predictor)
	if !isPredictor {
		defer cli.Saving(ctx)()
	}
	err := r.Train(ctx)
	switch interrupted := errors.Is(err, training.ErrInterrupted); {
	case interrupted && isPredictor:
		return fmt.Errorf("%w: the model is saved, and was not evaluated: evaluate -run %s does so", cli.ErrInterrupted, r.Dir)
	case interrupted:
		return fmt.Errorf("%w: continue with -resume %s", cli.ErrInterrupted, r.Dir)
	}
	return err
}

// open begins a run, or resumes one.
func open(o *trainOptions, s streams) (*training.Run, error) {
	if o.resume != "" {
		if o.profile {
			return nil, cli.Misusef("-profile trains weights that it does not keep: give it the weights of a run with -init %s", o.resume)
		}
		if o.config != "" || o.out != "" || o.init != "" {
			return nil, cli.Misusef("-resume continues a run as it is: leave out -config, -out and -init; with -config or -init alone it begins a run that does not exist")
		}
		return (&training.Start{Ranks: s.ranks}).Resume(o.resume, o.settings(), s.err)
	}
	start := new(training.Start)
	if o.init != "" {
		var err error
		start, err = training.OpenStart(o.init, o.short["tokenizer.kind"])
		if err = ranks.Agree(s.ranks, err); err != nil {
			return nil, err
		}
	}
	c, err := configure(o, start)
	if err = ranks.Agree(s.ranks, err); err != nil {
		return nil, err
	}
	start.Ranks = s.ranks
	if o.check { // nothing is trained
		r, err := start.New(c, "", s.err)
		return r, modelError(c.Model, err)
	}
	if o.describe || o.graph.file != "" {
		return start.Plan(c, s.err)
	}
	if o.profile { // no run is left
		return start.New(c, "", s.err)
	}
	if o.out != "" {
		return start.New(c, o.out, s.err)
	}
	dir, err := s.createDir("runs", nameOf(c))
	if err != nil {
		return nil, err
	}
	r, err := start.New(c, dir, s.err)
	if err != nil && s.ranks.Rank() == 0 {
		rundir.Remove(dir)
	}
	return r, err
}

// configure returns the configuration of a new run. Settings that make no sense are misuse.
func configure(o *trainOptions, start *training.Start) (training.Config, error) {
	c, err := start.Parse(o.config, o.settings())
	if errors.Is(err, os.ErrNotExist) {
		return c, err
	}
	if err == nil {
		err = c.Check()
	}
	if err != nil {
		return c, &cli.Usage{Err: err}
	}
	return c, nil
}

// nameOf returns MODEL-DATA, which the names of a run's directory begin with. Data is the name
// of the corpus, its file without extensions, or its directory.
func nameOf(c training.Config) string {
	path := c.Data.Name
	if whole, err := filepath.Abs(path); err == nil {
		path = whole // "." has a name too
	}
	if c.Data.Mix != "" {
		path = "mix"
	}
	name := strings.TrimSuffix(filepath.Base(path), ".gz")
	name = strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) || strings.ContainsRune("-_+.", r) {
			return r
		}
		return '_'
	}, strings.TrimSuffix(name, filepath.Ext(name)))
	name = strings.Trim(name, "-_.")
	return c.ModelName + "-" + cmp.Or(name, "data")
}

// watcher prints the progress of a run.
type watcher struct {
	run    *training.Run
	stderr io.Writer
	bar    *term.Progress
	state  string // of training, beside the bar
}

func (w *watcher) step(s training.Step) {
	if s.N%max(1, w.run.Config.Training.LogEvery) == 0 || s.N == 1 || s.N == s.Of || w.bar == nil {
		w.state = fmt.Sprintf("loss %.4f, %.0f tokens/s, %.0f%% of peak", s.Loss, s.PerSecond, 100*w.run.ShareOfPeak(s.PerSecond))
		w.trained(w.state)
	}
}

// trained shows how far training is: in steps or, with a time limit, as the share of the run.
func (w *watcher) trained(text string) {
	c := w.run.Config.Training
	if c.For == "" {
		w.progress(c.Steps, "training").Update(w.run.Steps(), text)
		return
	}
	if w.bar == nil {
		w.bar = term.NewShare(w.stderr, "training")
	}
	w.bar.UpdateShare(w.run.Share(), strings.TrimSpace(fmt.Sprintf("step %d %s", w.run.Steps(), text)))
}

// progress returns the bar, which begins with the first step or evaluation.
func (w *watcher) progress(total int, what string) *term.Progress {
	if w.bar == nil {
		w.bar = term.New(w.stderr, total, what)
	}
	return w.bar
}

// validating shows the progress of an evaluation.
func (w *watcher) validating(done, total int) {
	if w.readsOnce() {
		w.progress(total, "validating").Update(done, "")
		return
	}
	w.trained(fmt.Sprintf("validating, batch %d of %d", done, total))
}

// eval prints the losses of an evaluation. A model that reads the text once has no training
// loss, and no steps.
func (w *watcher) eval(e training.Record) {
	if w.readsOnce() {
		w.print(fmt.Sprintf("read %d tokens: validation %.4f nats per token, over %d tokens", e.Tokens, *e.ValLoss, e.ValTokens))
		return
	}
	w.trained(w.state)
	text := fmt.Sprintf("step %d: loss %.4f, validation %.4f over %d tokens", e.N, e.Loss, *e.ValLoss, e.ValTokens)
	for _, p := range e.Parts {
		text += fmt.Sprintf(", %s %.4f", p.Name, p.Value)
	}
	if e.Answers != nil {
		text += ", " + e.Answers.String()
	}
	w.print(text)
}

// readsOnce reports whether the model reads the text once, without steps.
func (w *watcher) readsOnce() bool {
	_, isPredictor := w.run.Config.Model.(models.Predictor)
	return isPredictor
}

func (w *watcher) print(text string) {
	if w.bar == nil {
		fmt.Fprintln(w.stderr, text)
		return
	}
	w.bar.Println(text)
}

// finish says where the run is, and prints a sample.
func finish(r *training.Run, s streams) error {
	if s.ranks.Rank() > 0 {
		return nil
	}
	text, err := r.Sample()
	if err != nil {
		return err
	}
	curve := ""
	if file := filepath.Join(r.Dir, "loss.png"); exists(file) {
		curve = "; its loss curve is " + file
	}
	fmt.Fprintf(s.err, "the run is in %s%s; next: %sgenerate -run %s\n\n", r.Dir, curve, s.prefix, r.Dir)
	_, err = fmt.Fprintln(s.out, text)
	return err
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
