//go:build !amd64

package vec

import "testing"

func eachTier(t *testing.T, f func(t *testing.T))      { t.Run("none", f) }
func eachTierBench(b *testing.B, f func(b *testing.B)) { b.Run("none", f) }
