package training

import (
	"testing"

	"euryale/data"
	"euryale/models"
)

type fixed struct{ b data.Batch }

func (f fixed) Batch(_ int, b *data.Batch) error { *b = f.b; return nil }
func (f fixed) Len() int                         { return 1 }

func TestCostTmp(t *testing.T) {
	for _, shards := range []int{1, 2} {
	c := Default()
	m, _ := models.New("gpt")
	m.Common().Vocab = 65
	c.Model = m
	c.Training.Batch = 12
	c.Training.Shards = shards
	ids := make([]int, 12*64)
	r, err := NewOn(c, fixed{data.Batch{B: 12, T: 64, Tokens: ids, Targets: ids}})
	if err != nil {
		t.Fatal(err)
	}
	cost, err := r.Cost()
	t.Logf("%+v %v %v", cost, err, r.Weights.Count())
	}
}
