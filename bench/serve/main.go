// Command serve loads a server with many clients on this machine, and prints what they see: a server of
// its own, of a GPT of the size of gen-char with random weights.
//
//	go run ./bench/serve -mode speed                 a single stream, then many: tokens a second, time to first token
//	go run ./bench/serve -mode mixed -for 10m        clients of which some are slow and some disconnect: heap,
//	                                                 goroutines, and whether each text is that of its seed alone
//	go run ./bench/serve -mode hostile -requests 100000    malformed requests beside honest clients
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"time"

	"euryale/bench"
	"euryale/data/task"
	"euryale/data/tokenizer"
	"euryale/generation"
	"euryale/internal/kernel/parallel"
	"euryale/layers/graph"
	"euryale/models"
	"euryale/serving"
)

// options say how the server is loaded.
type options struct {
	mode     string
	clients  int
	tokens   int // of a text
	duration time.Duration
	requests int           // hostile ones
	slow     int           // of so many, one sends a byte at a time
	alone    time.Duration // in which honest clients are measured without them
	patience time.Duration // in what time a hostile client must send a request
}

func main() {
	o := options{slow: 500, alone: 20 * time.Second, patience: 2 * time.Second}
	flag.StringVar(&o.mode, "mode", "speed", "speed, mixed or hostile")
	flag.IntVar(&o.clients, "clients", 32, "clients at once")
	flag.IntVar(&o.tokens, "tokens", 150, "tokens of a text")
	flag.DurationVar(&o.duration, "for", time.Minute, "duration of mixed")
	flag.IntVar(&o.requests, "requests", 100_000, "hostile requests")
	threads := flag.Int("threads", 0, "threads that compute (0: one for each core)")
	model := flag.String("model", "gen-char", "workload whose model is served")
	flag.Parse()
	if *threads > 0 {
		parallel.SetThreads(*threads)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o, *model, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "serve:", err)
		os.Exit(1)
	}
}

// run starts a server and loads it.
func run(ctx context.Context, o options, model string, out io.Writer) error {
	w, err := bench.Find(model)
	if err != nil {
		return err
	}
	limits := serving.DefaultLimits()
	if o.mode == "hostile" {
		limits.Read, limits.Write = o.patience, o.patience
	}
	s, err := start(w.Model, o.clients, limits)
	if err != nil {
		return err
	}
	defer s.end()
	switch o.mode {
	case "speed":
		return speed(ctx, o, s, out)
	case "mixed":
		return mixed(ctx, o, s, out)
	case "hostile":
		return hostile(ctx, o, s, out)
	}
	return fmt.Errorf("-mode %s: want speed, mixed or hostile", o.mode)
}

// server is a server that listens on this machine.
type server struct {
	url string // http://HOST:PORT
	end func()
}

// start starts a server of a model with random weights.
func start(m models.Model, sequences int, limits serving.Limits) (*server, error) {
	g, err := random(m)
	if err != nil {
		return nil, err
	}
	limits.Clients = 1 << 20 // all clients have one address
	run := &serving.Run{Name: "random", Sequences: sequences, Waiting: 4 * sequences,
		Load: func() (*generation.Generator, string, error) { return g, "random", nil }}
	s, err := serving.New(serving.Options{Limits: limits, Log: slog.New(slog.DiscardHandler)}, run)
	if err != nil {
		return nil, err
	}
	l, err := serving.Listen("127.0.0.1:0", nil)
	if err != nil {
		s.Close()
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = s.Serve(ctx, l, time.Second) }()
	return &server{url: "http://" + l.Addr().(*net.TCPAddr).String(), end: func() { cancel(); <-ended; s.Close() }}, nil
}

// random returns a generator with a model's initial weights and an alphabet of its size.
func random(m models.Model) (*generation.Generator, error) {
	text := ""
	for c := range m.Common().Vocab {
		text += string(rune('!' + c))
	}
	tk := tokenizer.NewChar(text)
	f, err := task.NewFormat(task.Config{Task: "lm"}, tk)
	if err != nil {
		return nil, err
	}
	w := graph.NewWeights(1)
	if _, err := models.NewMemory(m, w, 1, m.Common().Context, 0); err != nil {
		return nil, err
	}
	w.ReadOnly()
	w.Reuse()
	return &generation.Generator{Model: m, Weights: w, Tokenizer: tk, Format: f}, nil
}
