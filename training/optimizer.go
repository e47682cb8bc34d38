package training

import (
	"fmt"
	"maps"
	"slices"

	"euryale/internal/near"
	"euryale/layers/graph"
	"euryale/training/rundir"
)

// OptimizerConfig is the [optimizer] section of config.toml.
type OptimizerConfig struct {
	Name        string   `toml:"name"`         // of the rule: see OptimizerNames
	LR          float64  `toml:"lr"`           // the highest learning rate
	Beta1       float64  `toml:"beta1"`        // decay of the running mean of the gradients
	Beta2       float64  `toml:"beta2"`        // decay of the running mean of their squares; of Lion's momentum
	Eps         float64  `toml:"eps"`          // added to the root of the mean square
	Momentum    float64  `toml:"momentum"`     // of sgd, rmsprop and muon; 0: none, 0.95 of muon
	Nesterov    bool     `toml:"nesterov"`     // sgd steps by Nesterov's momentum
	MatrixLR    float64  `toml:"matrix_lr"`    // the highest learning rate of the matrices that muon updates; lr is that of all others
	WeightDecay float64  `toml:"weight_decay"` // of the parameters with graph.Param.Decay: weights of products and tables
	Groups      []string `toml:"groups"`       // settings by path, as "h*/att/*/W lr=0.5 weight_decay=0"; the first that has a path applies
	Clip        float64  `toml:"clip"`         // largest norm of the gradient over all parameters; 0: no limit
	ClipValue   float64  `toml:"clip_value"`   // largest absolute value in the gradient, after clip; 0: no limit
	EMA         float64  `toml:"ema"`          // decay of the running mean of the weights, which evaluation and generation then work with; 0: none
}

func (c OptimizerConfig) check() error {
	switch {
	case optimizers[c.Name] == nil:
		return fmt.Errorf("optimizer.name is %q: did you mean %q?", c.Name, near.Name(c.Name, OptimizerNames()))
	case !(c.LR > 0) || c.Eps <= 0 || c.WeightDecay < 0 || c.Clip < 0 || c.ClipValue < 0:
		return fmt.Errorf("optimizer: lr = %v and eps = %v, want more than 0; weight_decay = %v, clip = %v and clip_value = %v, want 0 or more", c.LR, c.Eps, c.WeightDecay, c.Clip, c.ClipValue)
	case !(c.Beta1 >= 0 && c.Beta1 < 1 && c.Beta2 >= 0 && c.Beta2 < 1):
		return fmt.Errorf("optimizer: beta1 = %v and beta2 = %v, want at least 0 and less than 1", c.Beta1, c.Beta2)
	case !(c.Momentum >= 0 && c.Momentum < 1):
		return fmt.Errorf("optimizer.momentum is %v, want at least 0 and less than 1", c.Momentum)
	case c.Nesterov && (c.Name != "sgd" || c.Momentum == 0):
		return fmt.Errorf("optimizer.nesterov is a kind of momentum of sgd: set optimizer.name = \"sgd\" and optimizer.momentum")
	case c.Name == "muon" && !(c.MatrixLR > 0):
		return fmt.Errorf("optimizer.matrix_lr is %v, want more than 0 for muon, as 0.02", c.MatrixLR)
	case !(c.EMA >= 0 && c.EMA < 1):
		return fmt.Errorf("optimizer.ema is %v, want at least 0 and less than 1, as 0.999", c.EMA)
	case c.EMA > 0 && c.Name == "schedulefree":
		return fmt.Errorf("optimizer.ema: schedulefree keeps an average of its own: leave it out")
	}
	_, err := c.parseGroups()
	return err
}

// Optimizer is a rule that updates parameters from their gradients, with the state that it
// keeps between updates. An Updater sums and clips the gradients for it.
type Optimizer interface {
	// Update changes the parameters and the state.
	Update(u Update)
	// State lists the state that the next update depends on. Its values are live memory: a
	// checkpoint saves them, and resuming a run overwrites them. Names are those of
	// tensors in state.safetensors: a kind and the parameter's path, as in "m/h0/mlp/in/W".
	// The kinds "weights" and "carried" are taken.
	State() []rundir.Tensor
}

// Elementwise is implemented by an Optimizer that updates each value from its own gradient and
// state alone, and whose state has one value for each value of each parameter, and nothing else.
// Among ranks it gets a range of the parameters' values, as vectors, and its state is divided
// among them. Any other Optimizer keeps all its state on every rank.
type Elementwise interface {
	Optimizer
	Elementwise()
}

// Update is what an Optimizer makes an update from.
type Update struct {
	N     int         // the update's number, counted from 1
	LR    float64     // learning rate
	Sums  [][]float32 // of the gradients of shards and batches, by parameter; an Optimizer may overwrite them
	Scale float64     // makes a sum the gradient: clips it
}

// optimizers are the rules by name.
var optimizers = map[string]func(OptimizerConfig, []*graph.Param) Optimizer{}

// RegisterOptimizer makes a rule available to configurations as optimizer.name. It panics
// if the name is taken.
func RegisterOptimizer(name string, make func(c OptimizerConfig, params []*graph.Param) Optimizer) {
	if optimizers[name] != nil {
		panic(fmt.Sprintf("training: the optimizer %q is registered twice", name))
	}
	optimizers[name] = make
}

// make makes the rule, with the average of the weights that the configuration asks for.
func (c OptimizerConfig) make(params []*graph.Param) Optimizer {
	o := optimizers[c.Name](c, params)
	if c.EMA > 0 {
		return withEMA(o, c.EMA, params)
	}
	return o
}

// OptimizerNames lists the registered rules, sorted.
func OptimizerNames() []string { return slices.Sorted(maps.Keys(optimizers)) }
