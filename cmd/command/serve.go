package command

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"euryale/internal/cli"
	"euryale/serving"
	"euryale/serving/page"
	"euryale/training"
)

const serveIntro = `
serve answers requests for texts over HTTP, as OpenAI's API has them, with one or more trained
models. It generates the texts of all clients side by side. SIGHUP reads the runs again;
Ctrl-C and SIGTERM end it, after the requests under way.`

const serveExamples = `
Examples
  serve                                          the newest run, at http://127.0.0.1:8000
  serve -run runs/a -run small=runs/b            two models, named a and small
  serve -run runs/a -address 0.0.0.0:8000 -key-file keys.txt
  curl http://127.0.0.1:8000/v1/completions -d '{"prompt": "To be", "max_tokens": 50}'`

// serveOptions are the flags of serve.
type serveOptions struct {
	*cli.Flags
	runs               cli.List
	last               bool
	precision          string
	machine            cli.Machine
	address, keyFile   string
	origins            cli.List
	logFormat          string
	logPrompts         bool
	sequences, waiting int
	limits             serving.Limits
	drain              time.Duration
}

func newServeOptions() *serveOptions {
	o := &serveOptions{Flags: cli.NewFlags("serve", serveIntro, serveExamples), limits: serving.DefaultLimits()}
	o.Group("Models", func() {
		o.Var(&o.runs, "run", "`DIR` run directory, or NAME=DIR; may be repeated (the newest in runs)")
		o.BoolVar(&o.last, "last", false, "use the last weights instead of the best")
	})
	o.Group("Clients", func() {
		o.StringVar(&o.address, "address", "127.0.0.1:8000", "`HOST:PORT` to listen at; other machines need keys (127.0.0.1:8000)")
		o.StringVar(&o.keyFile, "key-file", "", "`FILE` keys of clients, one on each line, readable by you alone")
		o.Var(&o.origins, "allow-origin", "`URL` origin of web pages that may call the server; may be repeated")
	})
	o.Group("Limits", o.declareLimits)
	o.Group("Log, on standard error", func() {
		o.StringVar(&o.logFormat, "log-format", "text", "`FORMAT` of the log: text or json (text)")
		o.BoolVar(&o.logPrompts, "log-prompts", false, "log prompts and texts too")
	})
	o.Group("Machine", func() {
		o.machine.Declare(o.Flags)
		o.StringVar(&o.precision, "precision", "", "`NAME` precision of products: highest, high, medium or int8 (as trained)")
	})
	return o
}

func (o *serveOptions) declareLimits() {
	l := &o.limits
	o.IntVar(&o.sequences, "sequences", 32, "`N` texts of a model generated side by side (32)")
	o.IntVar(&o.waiting, "queue", 64, "`N` texts of a model that may wait; more are refused with 429 (64)")
	o.IntVar(&l.Clients, "client-requests", l.Clients, "`N` requests of a client at once (64)")
	o.IntVar(&l.Tokens, "max-tokens", l.Tokens, "`N` most tokens of a text (4096)")
	o.Int64Var(&l.Body, "max-body", l.Body, "`N` most bytes of a request (1048576)")
	o.DurationVar(&l.Time, "max-time", l.Time, "`D` most time for a text (5m)")
	o.DurationVar(&o.drain, "drain", 10*time.Second, "`D` time for requests under way when the server ends (10s)")
}

func runServe(args []string, s streams) int {
	o := newServeOptions()
	return cli.Main(o.Flags, args, s.out, s.err, func(ctx context.Context) error { return serve(ctx, o, s) })
}

func (o *serveOptions) check() error {
	switch {
	case o.logFormat != "text" && o.logFormat != "json":
		return cli.Misusef("-log-format %s: want text or json", o.logFormat)
	case o.sequences < 1 || o.waiting < 0 || o.limits.Clients < 1:
		return cli.Misusef("-sequences %d, -queue %d, -client-requests %d: want at least 1, 0 and 1", o.sequences, o.waiting, o.limits.Clients)
	case o.limits.Tokens < 1 || o.limits.Body < 1 || o.limits.Time <= 0 || o.drain < 0:
		return cli.Misusef("-max-tokens %d, -max-body %d, -max-time %v, -drain %v: want more than 0", o.limits.Tokens, o.limits.Body, o.limits.Time, o.drain)
	}
	return nil
}

func serve(ctx context.Context, o *serveOptions, s streams) error {
	if err := o.check(); err != nil {
		return err
	}
	defer cli.Saving(ctx)() // requests under way
	options := serving.Options{Limits: o.limits, Origins: o.origins, Log: o.logger(s.err), LogPrompts: o.logPrompts, Page: page.Handler()}
	var err error
	if o.keyFile != "" {
		if options.Keys, err = serving.ReadKeys(o.keyFile); err != nil {
			return fmt.Errorf("-key-file: %w", err)
		}
	}
	runs, err := o.open(s.err)
	if err != nil {
		return err
	}
	l, err := serving.Listen(o.address, options.Keys)
	if err != nil {
		return err
	}
	defer l.Close()
	server, err := serving.New(options, runs...)
	if err != nil {
		return err
	}
	defer server.Close()
	defer reloadOnHangup(server)()
	for _, r := range runs {
		options.Log.Info("serving", "model", r.Name, "url", "http://"+l.Addr().String())
	}
	return server.Serve(ctx, l, o.drain)
}

func (o *serveOptions) logger(w io.Writer) *slog.Logger {
	if o.logFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, nil))
	}
	return slog.New(slog.NewTextHandler(w, nil))
}

// open returns the runs, and sets how products are computed, which is the same for all.
func (o *serveOptions) open(stderr io.Writer) (runs []*serving.Run, err error) {
	if len(o.runs) == 0 {
		newest, err := training.Newest("runs")
		if err != nil {
			return nil, err
		}
		o.runs = cli.List{newest}
	}
	precision := o.precision
	for _, run := range o.runs {
		name, dir, named := strings.Cut(run, "=")
		if !named {
			name, dir = filepath.Base(filepath.Clean(run)), run
		}
		saved, err := training.Open(dir, o.last)
		if err != nil {
			return nil, err
		}
		if p := saved.Config.Training.Precision; precision == "" {
			precision = p
		} else if o.precision == "" && p != precision {
			return nil, cli.Misusef("the runs were trained at precision %s and %s: set -precision for both", precision, p)
		}
		template, err := serving.OpenTemplate(dir)
		if err != nil {
			return nil, err
		}
		runs = append(runs, &serving.Run{Name: name, Load: serving.OpenRun(dir, o.last), Template: template, Sequences: o.sequences, Waiting: o.waiting})
	}
	if err := o.machine.Use(stderr); err != nil {
		return nil, err
	}
	return runs, cli.Precision(stderr, precision)
}
