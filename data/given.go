package data

import (
	"errors"
	"fmt"
	"slices"

	"euryale/data/task"
	"euryale/data/textfile"
	"euryale/data/tokenizer"
)

// FromText returns the corpus of a text in memory, which is split by position. It is Open for
// data.task "lm" and "mask"; c.Name is not used.
func FromText(text string, c Config, tk tokenizer.Config, known tokenizer.Tokenizer, opts Options) (*Corpus, error) {
	c, err := c.given("text", "lm", "mask")
	if err != nil {
		return nil, err
	}
	if text == "" {
		return nil, errors.New("the text is empty")
	}
	return named(openText(textfile.Source{Memory: text}, c, tk, known, opts))
}

// FromPairs returns the corpus of sources and their answers in memory. The last 1 − data.split of
// the different sources are for validation, and at least one; of these the last data.test are the test part. It is Open for data.task "pairs"
// and "summary"; c.Name and the columns of c are not used.
func FromPairs(pairs [][2]string, c Config, tk tokenizer.Config, known tokenizer.Tokenizer, opts Options) (*Corpus, error) {
	setDefault(&c.Task, "pairs")
	if c.Task == "lm" { // the default of a run's configuration file
		c.Task = "pairs"
	}
	c.Source, c.Target, c.Key = "source", "target", ""
	c, err := c.given("pairs", "pairs", "summary")
	if err != nil {
		return nil, err
	}
	t, err := pairsTable(pairs, c.Split, c.Test)
	if err != nil {
		return nil, err
	}
	setDefault(&c.Ragged, "refuse")
	c.Test = 0 // the table names it
	return named(openTable(t, c, tk, known, opts))
}

// given returns the resolved configuration of data in memory, which is for the given tasks.
func (c Config) given(name string, tasks ...string) (Config, error) {
	if c.Mix != "" {
		return c, fmt.Errorf("data.mix is %q, but the data are %s in memory: leave it out", c.Mix, name)
	}
	c.Name = name
	c, err := c.resolve()
	if err == nil && !slices.Contains(tasks, c.Task) {
		err = fmt.Errorf("data.task is %q, but the data are %s in memory: use %s", c.Task, name, tasks[0])
	}
	return c, err
}

// named sets what messages call a corpus in memory.
func named(corpus *Corpus, err error) (*Corpus, error) {
	if err != nil {
		return nil, err
	}
	corpus.Info.Name, corpus.Info.Source = corpus.Config.Name, "in memory"
	return corpus, nil
}

// pairsTable returns the table of pairs, whose split column gives these fractions of the different
// sources to training and to the test part. Pairs of equal sources are in one part.
func pairsTable(pairs [][2]string, fraction, test float64) (*task.Table, error) {
	order := map[string]int{}
	for _, p := range pairs {
		if _, known := order[p[0]]; !known {
			order[p[0]] = len(order)
		}
	}
	if len(order) < 2 {
		return nil, fmt.Errorf("the %d pairs have %d different sources, want at least 2: one to train on and one for validation", len(pairs), len(order))
	}
	trained := max(1, min(len(order)-1, int(fraction*float64(len(order))+0.5)))
	validated := max(trained+1, len(order)-int(test*float64(len(order))+0.5))
	t := task.NewTable("pairs", "source", "target", "split")
	for _, p := range pairs {
		part := task.TrainPart
		switch at := order[p[0]]; {
		case at >= validated:
			part = task.TestPart
		case at >= trained:
			part = task.ValidPart
		}
		t.Add(p[0], p[1], task.PartName(part))
	}
	return t, nil
}
