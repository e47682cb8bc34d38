package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/models"
	"euryale/serving"
)

// The three modes run against a small model: no text differs from that of its seed alone, and every
// hostile request is refused.
func TestModes(t *testing.T) {
	m := &models.GPT{Sizes: models.Sizes{Vocab: 65, Context: 128}, Layers: 1, Heads: 2, Dim: 16, Activation: "gelu"}
	limits := serving.DefaultLimits()
	limits.Read, limits.Write = 300*time.Millisecond, 300*time.Millisecond
	s, err := start(m, 8, limits)
	require.NoError(t, err)
	defer s.end()
	o := options{clients: 8, tokens: 30, duration: 600 * time.Millisecond, requests: 4 * len(bodies), slow: 50, alone: 300 * time.Millisecond, patience: 300 * time.Millisecond}
	for want, mode := range map[string]func(context.Context, options, *server, *strings.Builder) error{
		`ratio: \d`:               func(c context.Context, o options, s *server, b *strings.Builder) error { return speed(c, o, s, b) },
		`0 differ.* 0 errors`:     func(c context.Context, o options, s *server, b *strings.Builder) error { return mixed(c, o, s, b) },
		`\d+ hostile requests, 0`: func(c context.Context, o options, s *server, b *strings.Builder) error { return hostile(c, o, s, b) },
	} {
		var out strings.Builder
		require.NoError(t, mode(context.Background(), o, s, &out), out.String())
		assert.Regexp(t, want, out.String())
		t.Log(out.String())
	}
}
