package models

import (
	"testing"

	"euryale/experiment"
	"euryale/models"
	"euryale/models/modeltest"
)

// train -check finds no mistake at the default sizes.
func TestGatedHasNoFindings(t *testing.T) {
	m, err := models.New("gated")
	if err != nil {
		t.Fatal(err)
	}
	r, err := experiment.Check(t.Context(), m, experiment.CheckOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !r.OK() {
		t.Error(r)
	}
}

func TestGated(t *testing.T) {
	modeltest.All(t, &Gated{Sizes: models.Sizes{Vocab: 11, Context: 13}, Layers: 1, Heads: 2, Dim: 6})
}
