package runfile

import (
	"encoding/json"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Errors name keys and JSON types, not those of Go.
func TestJSONError(t *testing.T) {
	type inner struct {
		Sizes []int `json:"sizes"`
	}
	var into struct {
		Layers int              `json:"n_layer"`
		Rate   float32          `json:"rate"`
		Tied   bool             `json:"tied"`
		Name   string           `json:"name"`
		Parts  map[string]inner `json:"parts"`
	}
	for text, want := range map[string]string{
		`{"n_layer": "two"}`:               "n_layer is a JSON string, want a whole number",
		`{"n_layer": 1.5}`:                 "n_layer is a JSON number 1.5, want a whole number",
		`{"rate": true}`:                   "rate is a JSON bool, want a number",
		`{"tied": 1}`:                      "tied is a JSON number, want true or false",
		`{"name": 3}`:                      "name is a JSON number, want a string",
		`{"parts": 3}`:                     "parts is a JSON number, want an object",
		`{"parts": {"a": {"sizes": "x"}}}`: "sizes is a JSON string, want a list",
		`[1]`:                              "the value is a JSON array, want an object",
	} {
		err := JSONError(json.Unmarshal([]byte(text), &into))
		assert.ErrorContains(t, err, want, text)
		assert.NotContains(t, err.Error(), "Go", text)
	}
	assert.ErrorIs(t, JSONError(io.ErrUnexpectedEOF), io.ErrUnexpectedEOF)
	assert.NoError(t, JSONError(nil))
}
