package training

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"euryale/internal/near"
)

// Schedule is the [schedule] section of config.toml: how the learning rate changes.
type Schedule struct {
	Name     string  `toml:"name"`     // see ScheduleNames
	MinLR    float64 `toml:"min_lr"`   // where the decay ends; 0: a tenth of optimizer.lr
	Warmup   int     `toml:"warmup"`   // steps over which the rate rises to optimizer.lr
	Steps    int     `toml:"steps"`    // steps until min_lr; 0: training.steps
	Decay    float64 `toml:"decay"`    // of wsd: the fraction of the steps after the warm-up in which the rate falls
	Every    int     `toml:"every"`    // of step: steps from one fall of the rate to the next
	Factor   float64 `toml:"factor"`   // of step and plateau: what the rate is multiplied by
	Patience int     `toml:"patience"` // of plateau: evaluations without a better loss until the rate falls
}

// ScheduleNames lists the schedules. After a linear warm-up the rate of cosine, linear and
// exponential falls to MinLR (as half a cosine, Loshchilov and Hutter 2017; as a line; by the same
// factor at each step), that of inverse_sqrt as 1/√step (Vaswani et al. 2017, §5.3); that of wsd is
// constant, then falls to MinLR as a line (warm-up, stable, decay: Hu et al. 2024); that of step is
// multiplied by Factor every so many steps, that of plateau when evaluations find no better loss,
// down to MinLR both.
func ScheduleNames() []string {
	return []string{"constant", "cosine", "exponential", "inverse_sqrt", "linear", "plateau", "step", "wsd"}
}

func (s Schedule) check() error {
	names := ScheduleNames()
	switch {
	case !slices.Contains(names, s.Name):
		return fmt.Errorf("schedule.name is %q: did you mean %q? There are %s", s.Name, near.Name(s.Name, names), strings.Join(names, ", "))
	case s.Name == "wsd" && !(s.Decay > 0 && s.Decay <= 1):
		return fmt.Errorf("schedule.decay is %v, want a fraction of more than 0, at most 1", s.Decay)
	case (s.Name == "step" || s.Name == "plateau") && !(s.Factor > 0 && s.Factor < 1):
		return fmt.Errorf("schedule.factor is %v, want more than 0 and less than 1", s.Factor)
	case s.Name == "step" && s.Every < 1:
		return fmt.Errorf("schedule.every is %d: schedule.name = \"step\" wants the steps from one fall of the rate to the next", s.Every)
	case s.Name == "plateau" && s.Patience < 1:
		return fmt.Errorf("schedule.patience is %d, want at least 1", s.Patience)
	}
	if s.Warmup < 0 || s.Steps < 0 || s.MinLR < 0 {
		return fmt.Errorf("schedule: warmup = %d, steps = %d, min_lr = %v, want none below 0", s.Warmup, s.Steps, s.MinLR)
	}
	return nil
}

// Rate returns the learning rate of a step, counted from 0, when the highest is lr: of plateau,
// the highest since the rate fell.
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

// warning says in words that a run of so many steps does not see the rate fall as the schedule
// has it; empty if it does. Evaluations are of a plateau.
func (s Schedule) warning(steps, evaluations int) string {
	switch {
	case steps <= s.Warmup:
		return fmt.Sprintf("the warm-up of %d steps does not end in %d steps: lower schedule.warmup", s.Warmup, steps)
	case s.Name == "step" && steps <= s.Warmup+s.Every:
		return fmt.Sprintf("the learning rate does not fall in %d steps: schedule.every is %d", steps, s.Every)
	case s.Name == "plateau" && evaluations <= s.Patience:
		return fmt.Sprintf("the learning rate does not fall in %d steps: they have %d evaluations, and schedule.patience is %d", steps, evaluations, s.Patience)
	case s.Name == "wsd" && float64(steps) <= float64(s.Steps)-s.Decay*float64(s.Steps-s.Warmup):
		return fmt.Sprintf("the learning rate does not fall in %d steps: schedule.steps is %d, and only the last %v of them decay", steps, s.Steps, s.Decay)
	case slices.Contains([]string{"cosine", "linear", "exponential", "wsd"}, s.Name) && steps < s.Steps:
		return fmt.Sprintf("the decay of the learning rate is cut off: schedule.steps is %d, training.steps %d", s.Steps, steps)
	}
	return ""
}

// ScheduleWarning says in words that the run ends before the learning rate falls as
// the schedule has it; empty if it does not. A time limit bends the schedule to the time.
func (r *Run) ScheduleWarning() string {
	t := r.Config.Training
	if t.For != "" && r.Config.Schedule.Name != "plateau" && r.Config.Schedule.Name != "step" {
		return ""
	}
	return r.Config.Schedule.warning(t.Steps, t.Steps/max(1, t.EvalEvery))
}

// lowerOnPlateau counts an evaluation without a better loss, for the plateau schedule.
func (r *Run) lowerOnPlateau() {
	s := r.Config.Schedule
	if s.Name != "plateau" || r.step <= s.Warmup {
		return
	}
	if r.flat++; r.flat >= s.Patience {
		r.flat, r.cuts = 0, r.cuts+1
	}
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
	case "exponential":
		return lr * math.Pow(s.MinLR/lr, done)
	case "wsd":
		return lr + (s.MinLR-lr)*max(0, done-1+s.Decay)/s.Decay
	case "step":
		return max(min(lr, s.MinLR), lr*math.Pow(s.Factor, math.Floor((x-warmup)/float64(s.Every))))
	case "inverse_sqrt":
		return lr * math.Sqrt(max(1, warmup)/max(1, x))
	}
	return lr
}
