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
func (s Schedule) Rate(step int, lr float64) float64 { return s.rate(float64(step), lr) }

// warmupShare is the fraction of a time limit after which the warm-up is over in any case.
const warmupShare = 0.1

// RateWithin returns the learning rate of a step of a run with a time limit, a fraction t of
// which is over. The clock goes through the schedule too: through the warm-up in a tenth of
// the time, and through the rest in the other nine tenths, so that the rate ends where it
// would after all steps. Whichever is further, step or clock, decides.
func (s Schedule) RateWithin(t float64, step int, lr float64) float64 {
	share := 0.0
	if s.Warmup > 0 {
		share = warmupShare
	}
	clock := float64(s.Warmup)
	if t < share {
		clock *= t / share
	} else {
		clock += (min(1, t) - share) / (1 - share) * float64(s.Steps-s.Warmup)
	}
	return s.rate(max(float64(step), clock), lr)
}

// rate returns the learning rate after x steps, which need not be a whole number.
func (s Schedule) rate(x, lr float64) float64 {
	warmup, steps := float64(s.Warmup), float64(s.Steps)
	if x < warmup {
		return lr * (x + 1) / (warmup + 1)
	}
	done := 1.0 // fraction of the decay
	if steps > warmup {
		done = min(1, (x-warmup)/(steps-warmup))
	}
	switch s.Name {
	case "cosine":
		return s.MinLR + (lr-s.MinLR)*0.5*(1+math.Cos(math.Pi*done))
	case "linear":
		return lr + (s.MinLR-lr)*done
	case "inverse_sqrt":
		return lr * math.Sqrt(max(1, warmup)/max(1, x))
	}
	return lr
}
