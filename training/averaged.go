package training

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"euryale/data/tokenizer"
	"euryale/layers/graph"
	"euryale/models"
	"euryale/training/rundir"
)

// AverageRuns writes to out a run whose weights are the mean of others' (Izmailov et al. 2018):
// of the weights that each run in sources has kept (training.keep), or its last ones, and of
// each file of weights among sources. All must be of one model, in one vocabulary. It returns the
// files.
func AverageRuns(sources []string, out string) (files []string, err error) {
	for _, source := range sources {
		of, err := weightsFiles(source)
		if err != nil {
			return nil, err
		}
		files = append(files, of...)
	}
	if len(files) < 2 {
		return nil, fmt.Errorf("%s alone has nothing to be averaged with: give several runs or files, or a run that kept weights (training.keep)", strings.Join(files, ""))
	}
	c, tk, err := openConfig(filepath.Dir(files[0]), nil)
	if err != nil {
		return nil, err
	}
	w, err := meanOf(files, c.Model, tk)
	if err != nil {
		return nil, err
	}
	hold, err := takeNew(out)
	if err != nil {
		return nil, err
	}
	if err := writeRun(out, c, tk); err != nil {
		return nil, errors.Join(err, hold.Abandon())
	}
	err = rundir.SaveWeights(filepath.Join(out, rundir.Weights), w, c.ModelName)
	return files, errors.Join(err, hold.Release())
}

// weightsFiles lists the weights that a source of AverageRuns stands for.
func weightsFiles(source string) ([]string, error) {
	info, err := os.Stat(source)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{source}, nil
	}
	if !rundir.Holds(source, rundir.Config) {
		return nil, notRunError(source)
	}
	kept, err := rundir.Kept(source)
	switch {
	case err != nil:
		return nil, err
	case len(kept) > 0:
		return kept, nil
	case !rundir.Holds(source, rundir.Weights):
		return nil, noWeightsError(source)
	}
	return []string{filepath.Join(source, rundir.Weights)}, nil
}

// meanOf returns the mean of the weights of files, which must be those of m. It sums in float64, in
// the files' order.
func meanOf(files []string, m models.Model, tk tokenizer.Tokenizer) (*graph.Weights, error) {
	if _, isPredictor := m.(models.Predictor); isPredictor {
		return nil, errors.New("an n-gram model consists of counts: it has no weights to average")
	}
	params, err := models.Parameters(m)
	if err != nil {
		return nil, err
	}
	sums := make([][]float64, len(params))
	for i, p := range params {
		sums[i] = make([]float64, p.Size())
	}
	for _, file := range files {
		if err := sameVocabulary(filepath.Dir(file), tk); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		w, err := loadParameters(file, params)
		if err != nil {
			return nil, err
		}
		for i, p := range w.All() {
			for j, x := range p.Float32() {
				sums[i][j] += float64(x)
			}
		}
	}
	mean := graph.NewWeights(0)
	for i, p := range params {
		values := make([]float32, len(sums[i]))
		for j, sum := range sums[i] {
			values[j] = float32(sum / float64(len(files)))
		}
		if err := mean.Add(p.Path, p.Shape, values); err != nil {
			return nil, err
		}
	}
	return mean, nil
}

// sameVocabulary returns an error if the run in dir has another vocabulary than tk.
func sameVocabulary(dir string, tk tokenizer.Tokenizer) error {
	other, err := tokenizer.Load(filepath.Join(dir, rundir.Tokenizer))
	if err != nil {
		return err
	}
	if err := sameTokens(tk, other); err != nil {
		return fmt.Errorf("it has another tokenizer than the first: %w", err)
	}
	return nil
}
