package training

import (
	"math"

	"euryale/internal/kernel/vec"
)

func init() {
	registerFormula("adamw", adamW, func(OptimizerConfig) (m, v bool) { return true, true })
	registerFormula("adam", adam, func(OptimizerConfig) (m, v bool) { return true, true })
	registerFormula("sgd", sgd, func(c OptimizerConfig) (m, v bool) { return c.Momentum > 0, false })
	registerFormula("rmsprop", rmsProp, func(c OptimizerConfig) (m, v bool) { return c.Momentum > 0, true })
	registerFormula("adagrad", adaGrad, func(OptimizerConfig) (m, v bool) { return false, true })
	registerFormula("lion", lion, func(OptimizerConfig) (m, v bool) { return true, false })
}

// adamW is Adam with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2).
// Gorgonia's own AdamW never changes a weight.
func adamW(b blockUpdate) { adamStep(b, b.decay, b.scale) }

// adam is Adam (Kingma and Ba 2015, algorithm 1).
func adam(b blockUpdate) {
	b.couple()
	adamStep(b, 0, 1)
}

func adamStep(b blockUpdate, decay, scale float64) {
	vec.AdamW(b.w, b.g, b.m, b.v, vec.AdamWStep{LR: b.lr, Beta1: b.c.Beta1, Beta2: b.c.Beta2, Eps: b.c.Eps, Decay: decay, GScale: scale,
		Correct1: 1 - math.Pow(b.c.Beta1, float64(b.n)), Correct2: 1 - math.Pow(b.c.Beta2, float64(b.n))})
}

// sgd is stochastic gradient descent with momentum (Sutskever et al. 2013), Nesterov's too.
func sgd(b blockUpdate) {
	b.couple()
	step := b.g
	if b.m != nil {
		scaleBy(b.m, b.c.Momentum)
		vec.Add(b.m, b.m, b.g)
		step = b.m
	}
	if b.m != nil && b.c.Nesterov {
		addScaled(b.g, b.c.Momentum, b.m)
		step = b.g
	}
	addScaled(b.w, -b.lr, step)
}

// rmsProp divides gradients by a running root mean square, whose decay is Beta2 (Tieleman and
// Hinton 2012), with momentum after the division as in PyTorch.
func rmsProp(b blockUpdate) {
	b.couple()
	for i, g := range b.g {
		g := float64(g)
		v := b.c.Beta2*float64(b.v[i]) + (1-b.c.Beta2)*g*g
		b.v[i] = float32(v)
		b.g[i] = float32(g / (math.Sqrt(v) + b.c.Eps))
	}
	step := b.g
	if b.m != nil {
		scaleBy(b.m, b.c.Momentum)
		vec.Add(b.m, b.m, b.g)
		step = b.m
	}
	addScaled(b.w, -b.lr, step)
}

// adaGrad divides gradients by the root of the sum of their squares (Duchi et al. 2011).
func adaGrad(b blockUpdate) {
	b.couple()
	for i, g := range b.g {
		g := float64(g)
		v := float64(b.v[i]) + g*g
		b.v[i] = float32(v)
		b.g[i] = float32(g / (math.Sqrt(v) + b.c.Eps))
	}
	addScaled(b.w, -b.lr, b.g)
}

// lion steps by the sign of an interpolated momentum, with decoupled weight decay (Chen et al.
// 2023, algorithm 2).
func lion(b blockUpdate) {
	keep := float32(1 - b.lr*b.decay)
	lr, scale := float32(b.lr), float32(b.scale)
	beta1, beta2 := float32(b.c.Beta1), float32(b.c.Beta2)
	for i, g := range b.g {
		g *= scale
		w := b.w[i] * keep
		switch u := beta1*b.m[i] + (1-beta1)*g; {
		case u > 0:
			w -= lr
		case u < 0:
			w += lr
		}
		b.w[i] = w
		b.m[i] = beta2*b.m[i] + (1-beta2)*g
	}
}

// scaleBy multiplies x by c.
func scaleBy(x []float32, c float64) {
	if c != 1 {
		vec.Scale(x, x, float32(c))
	}
}

// addScaled adds c·y to x.
func addScaled(x []float32, c float64, y []float32) {
	if c != 0 {
		vec.Axpy(x, float32(c), y)
	}
}
