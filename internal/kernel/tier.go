package kernel

import (
	"fmt"
	"sync/atomic"
)

// Info describes the tier in use.
type Info struct {
	Name   string // "openblas", "builtin" or "gonum"
	Detail string // the library or the CPU features it uses
	Hint   string // how to get a faster one; empty if there is none
}

// tier computes one product in the calling goroutine.
type tier struct {
	info  Info
	sgemm func(product[float32])
	dgemm func(product[float64])
}

// active is the tier every product runs on.
var active atomic.Pointer[tier]

func init() { active.Store(gonumTier()) }

// Use chooses the tier of all following products: "openblas", "builtin",
// "gonum", or "auto" for the fastest there is. An unknown name and a tier this
// machine does not have are errors; the tier then stays as it was.
func Use(name string) error {
	switch name {
	case "auto", "gonum":
		active.Store(gonumTier())
		return nil
	case "openblas", "builtin":
		return fmt.Errorf("kernel: tier %q is not available in this build; use auto or gonum", name)
	}
	return fmt.Errorf("kernel: unknown tier %q; use auto, openblas, builtin or gonum", name)
}

// Tier describes the tier in use.
func Tier() Info { return active.Load().info }
