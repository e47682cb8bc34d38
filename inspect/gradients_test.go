package inspect_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"euryale/generation"
	"euryale/layers/graph"
	"euryale/layers/ops"
	"euryale/models"
	"euryale/models/modeltest"
)

// The gradients of models whose every tap is changed agree with finite differences: also those of
// recurrences that run in reverse.
func TestGradientsThroughInterventions(t *testing.T) {
	every(t, func(t *testing.T, g *generation.Generator) {
		var edits []graph.Edit
		for _, name := range writable(t, g) {
			if s, ok := g.Model.(*models.Seq2Seq); ok && s.Attention != "general" && s.Attention != "dot" && strings.HasSuffix(name, "cross/weights") {
				continue // they have no derivative
			}
			if strings.HasSuffix(name, "scores") {
				continue // changed as those of each head
			}
			edits = append(edits, graph.Edit{Path: name, Change: &ops.Change{Op: ops.Multiply, Value: ops.Operand{Scale: 0.9}, At: [][2]int{{1, 3}}}},
				graph.Edit{Path: name, Change: &ops.Change{Op: ops.Increase, Value: ops.Operand{Scale: 0.02}}})
		}
		assert.NoError(t, modeltest.Gradients(models.Edited(g.Model, edits), modeltest.Options{Entries: 1}))
	})
}
