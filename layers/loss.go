package layers

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers/ops"
)

// CrossEntropy returns −log p(target) of each row in nats, and 0 where the target is −1. With
// label smoothing ε the target distribution is 1−ε at the target plus ε/V at every id (Szegedy
// et al. 2016).
//
//	logits: (B·T, V) → (B·T)
func CrossEntropy(s *Scope, logits *G.Node, smoothing float64) *G.Node {
	s.RefuseNil(logits)
	if logits.Dims() != 2 || logits.Shape()[0] != s.B*s.T {
		s.Fail("logits are %v, want (B·T, V) with B=%d and T=%d", logits.Shape(), s.B, s.T)
	}
	return s.Must(ops.CrossEntropy(s.At("loss"), smoothing, logits, s.Targets()))
}

// MeanLoss returns the sum of rows divided by the number of targets in the batch.
//
//	rows: (B·T) → ()
func MeanLoss(s *Scope, rows *G.Node) *G.Node {
	return s.Must(ops.MeanLoss(s.At("mean"), rows, s.TargetCount()))
}
