package training

import (
	"fmt"
	"math"
)

// Schedule is the [schedule] section of config.toml: how the learning rate changes.
type Schedule struct {
	Name   string  `toml:"name"`   // "cosine", "linear", "constant" or "inverse_sqrt"
	MinLR  float64 `toml:"min_lr"` // where the decay ends; 0: a tenth of optimizer.lr
	Warmup int     `toml:"warmup"` // steps over which the rate rises to optimizer.lr
	Steps  int     `toml:"steps"`  // steps until min_lr; 0: training.steps
}

func (s Schedule) check() error {
	switch s.Name {
	case "cosine", "linear", "constant", "inverse_sqrt":
	default:
		return fmt.Errorf("schedule.name is %q: want cosine, linear, constant or inverse_sqrt", s.Name)
	}
	if s.Warmup < 0 || s.Steps < 0 || s.MinLR < 0 {
		return fmt.Errorf("schedule: warmup = %d, steps = %d, min_lr = %v, want none below 0", s.Warmup, s.Steps, s.MinLR)
	}
	return nil
}

// Rate returns the learning rate of a step, counted from 0, when the highest is lr. After a
// linear warm-up the cosine (Loshchilov and Hutter 2017) and linear schedules fall to
// MinLR; inverse_sqrt falls as 1/√step (Vaswani et al. 2017, §5.3).
func (s Schedule) Rate(step int, lr float64) float64 {
	if step < s.Warmup {
		return lr * float64(step+1) / float64(s.Warmup+1)
	}
	done := 1.0 // fraction of the decay
	if s.Steps > s.Warmup {
		done = min(1, float64(step-s.Warmup)/float64(s.Steps-s.Warmup))
	}
	switch s.Name {
	case "cosine":
		return s.MinLR + (lr-s.MinLR)*0.5*(1+math.Cos(math.Pi*done))
	case "linear":
		return lr + (s.MinLR-lr)*done
	case "inverse_sqrt":
		return lr * math.Sqrt(float64(max(1, s.Warmup))/float64(max(1, step)))
	}
	return lr
}
