package models

import (
	"testing"

	"euryale/models"
	"euryale/models/modeltest"
)

func TestGated(t *testing.T) {
	modeltest.All(t, &Gated{Sizes: models.Sizes{Vocab: 11, Context: 13}, Layers: 1, Heads: 2, Dim: 6})
}
