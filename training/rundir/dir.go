// Package rundir reads and writes the directory of a run: its configuration and
// tokenizer, weights, the state that a run resumes from, metrics, TensorBoard events, the
// loss curve and samples. It knows the names and the contents of these files, and nothing
// of configurations, models or the training loop.
package rundir

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"euryale/data/tokenizer"
	"euryale/internal/runfile"
)

// The files of a run.
const (
	Config    = "config.toml"
	Tokenizer = "tokenizer.json"
	Data      = "data.json"           // the corpus: its size, licence and fingerprint
	Weights   = "weights.safetensors" // of the last save
	Best      = "best.safetensors"    // of the best evaluation: see training.best_by
	Chat      = "chat_template.json"  // of an imported model that reads chats
	State     = "state.safetensors"   // what a run resumes from
	// Of an update whose loss or gradient was not finite:
	FailedBatch   = "failed-batch.json"
	FailedWeights = "failed-weights.safetensors"

	metrics = "metrics.jsonl"
	samples = "samples.txt"
)

// Holds reports whether dir has a file of that name.
func Holds(dir, name string) bool {
	_, err := os.Stat(filepath.Join(dir, name))
	return err == nil
}

// Write writes the tokenizer and the configuration of a run. The configuration comes last:
// it is what makes a directory a run.
func Write(dir, config string, tk tokenizer.Tokenizer) error {
	if err := tk.Save(filepath.Join(dir, Tokenizer)); err != nil {
		return err
	}
	return runfile.WriteAtomic(filepath.Join(dir, Config), func(w io.Writer) error {
		_, err := io.WriteString(w, config)
		return err
	})
}

// BestWeights returns the path of a run's best weights, or of its last if it has no best.
func BestWeights(dir string) string {
	if Holds(dir, Best) {
		return filepath.Join(dir, Best)
	}
	return filepath.Join(dir, Weights)
}

// Newest returns the run in dir whose weights changed last. It skips runs without weights.
func Newest(dir string) (string, error) {
	configs, err := filepath.Glob(filepath.Join(dir, "*", Config))
	if err != nil {
		return "", err
	}
	newest, when := "", int64(0)
	for _, c := range configs {
		run := filepath.Dir(c)
		info, err := os.Stat(filepath.Join(run, Weights))
		if err != nil {
			continue
		}
		if t := info.ModTime().UnixNano(); t > when {
			newest, when = run, t
		}
	}
	if newest == "" {
		return "", fmt.Errorf("there is no run with weights in %s: train one first, or name it with -run", dir)
	}
	return newest, nil
}
