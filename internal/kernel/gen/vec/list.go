package main

// kernel is an assembly function of package vec.
type kernel struct {
	name, signature string
	emit            func(*asm)
}

const (
	one   = "(y, x *float32, n int)"
	two   = "(y, a, b *float32, n int)"
	bias  = "(y, z, b *float32, n int)"
	walks = "(x *float32, rows, cols, ld int, n *int, scale float32"
)

var kernels = []kernel{
	{"vecExp", one, unary(2, (*asm).expFull)},
	{"vecTanh", one, unary(2, (*asm).tanh)},
	{"vecSigmoid", one, unary(2, (*asm).sigmoid)},
	{"vecReLU", one, unary(4, relu)},
	{"vecGELU", one, unary(2, gelu)},
	{"vecGELUTanh", one, unary(2, geluTanh)},
	{"vecSiLU", one, unary(2, silu)},
	{"vecReLUGrad", two, binary(4, reluGrad)},
	{"vecGELUGrad", two, binary(2, geluGrad)},
	{"vecGELUTanhGrad", two, binary(2, geluTanhGrad)},
	{"vecSiLUGrad", two, binary(2, siluGrad)},
	{"vecTanhGrad", two, binary(2, tanhGrad)},
	{"vecSigmoidGrad", two, binary(2, sigmoidGrad)},
	{"vecBiasReLU", bias, biased(4, relu)},
	{"vecBiasGELU", bias, biased(2, gelu)},
	{"vecBiasGELUTanh", bias, biased(2, geluTanh)},
	{"vecBiasGELUSlope", bias, biasedSlope(geluSlope)},
	{"vecBiasGELUTanhSlope", bias, biasedSlope(geluTanhSlope)},
	{"vecAdd", two, binary(4, func(a *asm, x, y V) V { return a.add(x, y) })},
	{"vecSub", two, binary(4, func(a *asm, x, y V) V { return a.sub(x, y) })},
	{"vecMul", two, binary(4, func(a *asm, x, y V) V { return a.mul(x, y) })},
	{"vecScale", "(y, x *float32, s float32, n int)", scale},
	{"vecAxpy", "(y, x *float32, s float32, n int)", axpy},
	{"vecSum", "(x *float32, n int) (total float64)", sum("x")},
	{"vecDot", "(a, b *float32, n int) (total float64)", sum("a", "b")},
	{"vecColumnSums", "(dst, x *float32, rows, cols, ld int)", columnSums},
	{"vecLayerNorm", "(y, mean, rstd, x, gain, bias *float32, rows, cols int, inv, eps float32)", layerNorm(true)},
	{"vecRMSNorm", "(y, rstd, x, gain *float32, rows, cols int, inv, eps float32)", layerNorm(false)},
	{"vecLayerNormGrad", "(dx, dgain, dbias, dy, x, mean, rstd, gain *float32, rows, cols int, inv float32)", layerNormGrad(true)},
	{"vecRMSNormGrad", "(dx, dgain, dy, x, rstd, gain *float32, rows, cols int, inv float32)", layerNormGrad(false)},
	{"vecSoftmax", walks + ", largest, sums *float32)", softmax},
	{"vecSoftmaxAgain", walks + ", lse *float32)", softmaxAgain},
	{"vecSoftmaxGrad", walks + ", p, rowdot *float32)", softmaxGrad},
	{"vecMax", "(x *float32, n int, largest *float32)", largest},
	{"vecLogSumExp", "(x *float32, n int, largest, sum *float32)", logSumExp},
	{"vecLogAdd", two, binary(2, logAdd)},
	{"vecExpShift", "(y, x *float32, n int, shift, scale float32)", expShift},
	{"vecDropout", "(y, x *float32, n int, scale float32, threshold int32, count, s1 uint32)", dropout(false)},
	{"vecDropoutAdd", "(y, a, x *float32, n int, scale float32, threshold int32, count, s1 uint32)", dropout(true)},
	{"vecAdamW", "(w, grad, m, v *float32, n int, gscale, beta1, gain1, beta2, gain2, rate, invC2, eps, keep float32)", adamW},
	{"vecLSTM", "(z, cprev, c, tc, h *float32, n int)", lstm},
	{"vecLSTMGrad", "(dz, dc, z, cprev, tc, dh *float32, n int)", lstmGrad},
	{"vecGRU", "(zx, zh, hprev, h *float32, n int)", gru},
	{"vecGRUGrad", "(dzx, dzh, dhprev, z, zh, hprev, dh *float32, n int)", gruGrad},
	{"vecSwiGLU", two, binary(2, swiglu)},
	{"vecSwiGLUGrad", "(da, db, dy, a, b *float32, n int)", swigluGrad},
	{"vecRotateHalves", "(x, cos, sin *float32, heads, half int, sign float32)", rotateHalves},
	{"vecRotatePairs", "(x, cos, sin *float32, heads, half int, sign float32)", rotatePairs},
}
