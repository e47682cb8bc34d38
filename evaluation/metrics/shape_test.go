package metrics

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSameShape(t *testing.T) {
	form := []string{"春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。"}
	share, err := SameShape([]string{
		"空山不见人，但闻人语响。返景入深林，复照青苔上。",   // the form
		"空山不见人，但闻人语响。返景入深林，复照青苔。",    // a character short
		"空山不见人，但闻人语响。",               // two lines short
		"空山不见人\n但闻人语响\n返景入深林\n复照青苔上", // the form, in lines
	}, [][]string{form, form, form, form})
	require.NoError(t, err)
	assert.Equal(t, 0.5, share)
	_, err = SameShape([]string{"a"}, nil)
	assert.Error(t, err)
}
