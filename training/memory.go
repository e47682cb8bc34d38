package training

import (
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"euryale/layers/graph"
	"euryale/models"
)

// memoryLimit returns how many bytes this process can have, and what sets the limit; 0: it is
// not known.
var memoryLimit = sync.OnceValues(findMemoryLimit)

// memoryError says that something needs more memory than there is.
type memoryError struct {
	what, advice string
	need, limit  float64
	source       string
}

func (e *memoryError) Error() string {
	return fmt.Sprintf("%s needs %s of memory, and there is %s (%s): %s", e.what, inBytes(e.need), inBytes(e.limit), e.source, e.advice)
}

// checkMemory refuses what needs more bytes than this process can have.
func checkMemory(what string, need float64, advice string) error {
	if limit, source := memoryLimit(); limit > 0 && need > limit {
		return &memoryError{what, advice, need, limit, source}
	}
	return nil
}

// inBytes returns a size in decimal units.
func inBytes(n float64) string {
	if n < 1e9 {
		return fmt.Sprintf("%.1f MB", n/1e6)
	}
	return fmt.Sprintf("%.1f GB", n/1e9)
}

// countValues returns the number of values of all parameters, which may be more than an int
// holds.
func countValues(params []*graph.Param) (n float64) {
	for _, p := range params {
		size := 1.0
		for _, d := range p.Shape {
			size *= float64(d)
		}
		n += size
	}
	return n
}

// stateBytes returns the memory that training takes on each of so many ranks for weights, the
// optimizer's state, sums of gradients and what ranks exchange them through, before any of it is
// claimed. One rank has no sums of its own if an update is of one batch.
func (c Config) stateBytes(params []*graph.Param, size int) (float64, error) {
	state, divisible, err := c.Optimizer.stateValues(params)
	values, t := countValues(params), c.Training
	switch {
	case size == 1 && t.Accumulate == 1:
		return 4 * (values + state), err
	case size == 1:
		return 4 * (2*values + state), err
	}
	each := float64(size)
	buffer := 4 * exchangedValues(values, min(t.Shards, t.Batch), size)
	if t.Wire == "bf16" {
		buffer *= 1.5
	}
	if !divisible {
		return 4*(2*values+values/each+state) + buffer, err
	}
	return 4*(values+(values+state)/each) + buffer, err
}

// exchangedValues returns how many values an exchange of ranks holds at once, for parameters of so many
// values and batches of so many shards: see newExchange.
func exchangedValues(values float64, shards, size int) float64 {
	gradients, updated := roundSizes(values, shards, size)
	most := (shards + size - 1) / size
	share := values / float64(size)
	return max(min(share, updated)*float64(size), min(share, gradients)*float64((size-1)*most+shards))
}

// batchBytes returns the memory of an update's tokens and targets, and of what a graph reads
// of a batch.
func (c Config) batchBytes() float64 {
	const inputs = 6 // positions and lengths, by token
	tokens := float64(c.Training.Batch) * float64(c.Model.Common().Context+models.SourceOf(c.Model))
	return 8 * tokens * (2*float64(c.Training.Accumulate) + inputs)
}

// checkCounts refuses a batch that does not fit into memory, and a model whose parameters are
// more than can be counted.
func (c Config) checkCounts() error {
	if err := checkMemory("a batch", c.batchBytes(), "lower training.batch or model.context"); err != nil {
		return err
	}
	_, err := c.parameters()
	return err
}

// checkMemory refuses a model whose training on so many ranks cannot begin on this machine, before
// memory is claimed.
func (c Config) checkMemory(size int) error {
	if err := c.checkCounts(); err != nil {
		return err
	}
	params, err := c.parameters()
	if err != nil {
		return err
	}
	need, err := c.stateBytes(params, size)
	if err != nil {
		return err
	}
	return checkMemory(fmt.Sprintf("training %.0f parameters, with the optimizer's state,", countValues(params)), need,
		"lower "+sizesOf(c.Model))
}

// parameters lists the model's parameters, none of a models.Predictor.
func (c Config) parameters() ([]*graph.Param, error) {
	if _, isPredictor := c.Model.(models.Predictor); isPredictor {
		return nil, nil
	}
	params, err := models.Parameters(c.Model)
	if n := countValues(params); err == nil && n > math.MaxInt64/64 {
		err = fmt.Errorf("the model would have %.3g parameters: lower %s", n, sizesOf(c.Model))
	}
	return params, err
}

// sizesOf names the settings that a model's size follows from.
func sizesOf(m models.Model) string {
	known, err := keys(m)
	if err == nil && slices.Contains(known, "dim") && slices.Contains(known, "layers") {
		return "model.dim or model.layers"
	}
	return "the sizes in [model]"
}

// stateValues returns the number of values in an optimizer's state. It makes the optimizer
// for parameters of one value each: a tensor of the state that is named after a parameter is
// taken to grow with it. Ranks can divide the state of an Elementwise one.
func (o OptimizerConfig) stateValues(params []*graph.Param) (n float64, divisible bool, err error) {
	if err := o.check(); err != nil {
		return 0, false, err
	}
	sizes := map[string]float64{}
	for i, p := range params {
		sizes[p.Path] = countValues(params[i : i+1])
	}
	one := optimizers[o.Name](o, ofOneValue(params))
	for _, t := range one.State() {
		size := float64(len(t.Values))
		if _, path, _ := strings.Cut(t.Name, "/"); sizes[path] > 0 {
			size *= sizes[path]
		}
		n += size
	}
	_, divisible = one.(Elementwise)
	return n, divisible, nil
}

// ofOneValue returns parameters of the same paths and dimensions that have a value each, but no
// memory: an optimizer of them shows what state it has.
func ofOneValue(params []*graph.Param) []*graph.Param {
	single := make([]*graph.Param, len(params))
	for i, p := range params {
		single[i] = &graph.Param{Path: p.Path, Shape: make([]int, len(p.Shape))}
		for d := range p.Shape {
			single[i].Shape[d] = 1
		}
	}
	return single
}

// LimitMemory has the garbage collector work harder as the process nears what memory it can
// have, unless GOMEMLIMIT says something else. It is for programs: it changes the whole
// process.
func LimitMemory() {
	if limit, _ := memoryLimit(); limit > 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(1.05 * limit)) // some of the tenth that is left
	}
}
