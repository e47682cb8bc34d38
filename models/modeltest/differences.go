package modeltest

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"euryale/layers/graph"
	"euryale/models"
)

// Differences compares the gradients of a training program with finite differences of its
// loss. w must be the float64 weights that p was built on, and run must run p on the same input
// each time.
//
// It checks the derivative along a random direction in all parameters, then along a random
// direction in each parameter, then for Options.Entries entries of each parameter: the one with
// the largest gradient, and others evenly spaced. Options.Time ends it early, but not before the
// first entry.
//
// An entry where the loss has a kink within the step (a ReLU that switches, the maximum of
// two) has no finite difference and is skipped. It is an error if more than a tenth are.
func Differences(p *models.Program, w *graph.Weights, run func() error, o Options) error {
	return (&comparison{p: p, w: w, run: run}).compare(o)
}

func (c *comparison) compare(o Options) error {
	c.p.Tape().HoldStopped(true)
	defer c.p.Tape().HoldStopped(false)
	if err := c.gradients(); err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(o.Seed, 13))
	c.direction(rng, c.paths...)
	start := time.Now()
	inTime := func() bool { return c.err == nil && (o.Time == 0 || time.Since(start) < o.Time) }
	for i := 0; i < len(c.paths) && inTime(); i++ {
		c.direction(rng, c.paths[i])
	}
	for round := 0; round < o.entries() && inTime(); round++ {
		for i := 0; i < len(c.paths) && inTime(); i++ {
			c.entry(i, round, o.entries())
		}
	}
	return c.result()
}

// comparison is the state of Differences.
type comparison struct {
	p     *models.Program
	w     *graph.Weights
	run   func() error
	paths []string    // of the parameters, in the order declared
	grads [][]float64 // by parameter
	rms   map[string]float64
	here  float64 // the loss

	probes, skipped int
	wrong           []finding
	wrongPaths      []string // in the order declared
	err             error    // of a run
}

// finding is a derivative that disagrees.
type finding struct {
	where     string
	got, want float64 // from the graph, and by finite differences
}

func (c *comparison) gradients() error {
	if err := c.run(); err != nil {
		return err
	}
	c.here, c.rms = c.p.Objective(), map[string]float64{}
	if math.IsNaN(c.here) || math.IsInf(c.here, 0) {
		return faultf("a division by zero, a logarithm or root of a non-positive value, or an exponential that overflows", "the loss is %v", c.here)
	}
	for i, g := range c.p.Gradients() {
		x, path := slices.Clone(g.Float64s()), c.p.Params()[i].Name()
		sum := 0.0
		for j, d := range x {
			if math.IsNaN(d) || math.IsInf(d, 0) {
				return faultf("the derivative of an op on the way to the loss divides by zero or overflows", "%s: the gradient is %v, and the loss is %.4g", entryName(c.w.Get(path), j), d, c.here).at(parameter(c.p.Graph, path))
			}
			sum += d * d
		}
		c.paths, c.grads = append(c.paths, path), append(c.grads, x)
		c.rms[path] = math.Sqrt(sum / float64(len(x)))
	}
	if err := c.run(); err != nil {
		return err
	}
	if again := c.p.Objective(); again != c.here {
		return faultf("something draws random numbers of its own, or keeps state between runs; use layers.Dropout, and s.Carry for states", "two runs on the same input give the losses %v and %v", c.here, again)
	}
	return nil
}

// direction compares the derivative along a random unit vector through these parameters.
func (c *comparison) direction(rng *rand.Rand, paths ...string) {
	var d, old [][]float64
	norm, got, scale := 0.0, 0.0, 0.0
	for _, path := range paths {
		x := make([]float64, len(c.w.Get(path).Float64()))
		for i := range x {
			x[i] = rng.NormFloat64()
			norm += x[i] * x[i]
		}
		d, old = append(d, x), append(old, slices.Clone(c.w.Get(path).Float64()))
	}
	norm = math.Sqrt(norm)
	for k, path := range paths {
		for i, g := range c.grads[slices.Index(c.paths, path)] {
			d[k][i] /= norm
			got += g * d[k][i]
		}
		scale = max(scale, c.rms[path])
	}
	where := "all parameters, along a random direction"
	if len(paths) == 1 {
		where = paths[0] + ", along a random direction"
	}
	c.probe(finding{where: where, got: got}, paths, 1, scale, func(h float64) {
		for k, path := range paths {
			v := c.w.Get(path).Float64()
			for i := range v {
				v[i] = old[k][i] + h*d[k][i]
			}
		}
	})
}

// entry compares the derivative of one entry of the i-th parameter: in round 0 the one with the
// largest gradient, in later rounds evenly spaced ones.
func (c *comparison) entry(i, round, rounds int) {
	g, path := c.grads[i], c.paths[i]
	if round >= len(g) {
		return
	}
	j := 0
	if round == 0 {
		for k := range g {
			if math.Abs(g[k]) > math.Abs(g[j]) {
				j = k
			}
		}
	} else {
		j = (2*round - 1) * len(g) / (2 * min(rounds, len(g)))
	}
	param := c.w.Get(path)
	v := param.Float64()
	old := v[j]
	c.probe(finding{where: entryName(param, j), got: g[j]}, []string{path}, max(1, math.Abs(old)), c.rms[path], func(h float64) { v[j] = old + h })
}

// probe compares a derivative with finite differences. Move moves the parameters by h times
// unit, and back when h is 0.
//
// The error of the central difference is h²·L‴/6, about 1e-10 at h = 1e-5, plus the rounding of
// the loss, about 1e-15/h. The tolerance is a hundred times both, plus a millionth of the
// derivative and of its parameter's root mean square. Smaller steps have larger rounding errors,
// so they are only tried where the first disagrees.
func (c *comparison) probe(f finding, paths []string, unit, rms float64, move func(h float64)) {
	c.probes++
	defer move(0)
	for _, h := range []float64{1e-5, 1e-6, 1e-7} {
		h *= unit
		move(h)
		up := c.loss()
		move(-h)
		down := c.loss()
		if c.err != nil {
			return
		}
		f.want = (up - down) / (2 * h)
		off := math.Abs(f.want - f.got)
		if off <= 1e-6*(math.Abs(f.want)+rms)+1e-14*(1+math.Abs(c.here))/h {
			return
		}
		// At a kink the slopes on both sides differ. Curvature makes them differ by h·L″, which is
		// less than a tenth of any error above the tolerance at this step.
		if kink := math.Abs((up-c.here)/h - (c.here-down)/h); h <= 1e-7*unit && off <= 10*kink {
			c.skipped++
			return
		}
	}
	c.wrong = append(c.wrong, f)
	if len(paths) == 1 && !slices.Contains(c.wrongPaths, paths[0]) {
		c.wrongPaths = append(c.wrongPaths, paths[0])
	}
}

func (c *comparison) loss() float64 {
	if err := c.run(); err != nil {
		c.err = errors.Join(c.err, err)
		return 0
	}
	return c.p.Objective()
}

// result returns the error that describes the findings, or nil.
func (c *comparison) result() error {
	if c.err != nil {
		return c.err
	}
	if len(c.wrong) > 0 {
		seen, cause := c.describe()
		f := faultf(cause, "%s", seen)
		if n := len(c.wrongPaths); n > 0 {
			return f.at(parameter(c.p.Graph, c.wrongPaths[n-1]))
		}
		return f
	}
	if c.skipped*10 > c.probes {
		return faultf("are values rounded, or compared where they are equal?", "the loss has a kink within 1e-7 of %d of %d points, so that their derivatives cannot be checked", c.skipped, c.probes)
	}
	return nil
}

// addSizes runs the program once more, on an input that run may have changed, and adds the size of
// each gradient to rms.
func (c *comparison) addSizes() error {
	if err := c.run(); err != nil {
		return err
	}
	for i, g := range c.p.Gradients() {
		for _, d := range g.Float64s() {
			c.rms[c.p.Params()[i].Name()] += math.Abs(d)
		}
	}
	return nil
}

// unused returns an error if a parameter has no effect on the loss.
func (c *comparison) unused() error {
	for _, path := range c.paths {
		if c.rms[path] == 0 {
			return faultf("the loss does not depend on it; use it in Logits, or do not declare it", "%s %v never receives a gradient", path, c.w.Get(path).Shape).at(parameter(c.p.Graph, path))
		}
	}
	return nil
}

// describe lists some of the wrong derivatives, single entries first, and says where to look.
func (c *comparison) describe() (seen, cause string) {
	slices.SortStableFunc(c.wrong, func(a, b finding) int {
		return boolToInt(strings.HasSuffix(a.where, "direction")) - boolToInt(strings.HasSuffix(b.where, "direction"))
	})
	var s strings.Builder
	fmt.Fprintf(&s, "%d of %d derivatives disagree with finite differences:", len(c.wrong), c.probes)
	for _, f := range c.wrong[:min(5, len(c.wrong))] {
		fmt.Fprintf(&s, "\n\t%s: the graph's is %.6g, differences give %.6g", f.where, f.got, f.want)
	}
	if len(c.wrongPaths) == 0 {
		return s.String(), "the derivative of an op is wrong"
	}
	slices.SortFunc(c.wrongPaths, func(a, b string) int { return slices.Index(c.paths, a) - slices.Index(c.paths, b) })
	fmt.Fprintf(&s, "\nThe gradients of %s are wrong", strings.Join(c.wrongPaths[:min(4, len(c.wrongPaths))], ", "))
	if n := len(c.wrongPaths); n > 4 {
		fmt.Fprintf(&s, " and %d more", n-4)
	}
	if n := len(c.wrongPaths); n < len(c.paths) {
		fmt.Fprintf(&s, ", those of the other %d parameters are right", len(c.paths)-n)
	}
	return s.String(), fmt.Sprintf("an op whose derivative is wrong spoils what comes before it: look between %s and the parameters declared after it", c.wrongPaths[len(c.wrongPaths)-1])
}

func boolToInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// entryName returns the path of a parameter with the indices of its j-th entry.
func entryName(p *graph.Param, j int) string {
	index := make([]string, len(p.Shape))
	for k := len(p.Shape) - 1; k >= 0; k-- {
		index[k] = fmt.Sprint(j % p.Shape[k])
		j /= p.Shape[k]
	}
	return fmt.Sprintf("%s[%s]", p.Path, strings.Join(index, ","))
}
