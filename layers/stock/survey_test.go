package stock

import (
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

func trials() []*trial {
	return slices.Concat(elementwise(), linear(), reductions(), shaping(), networks())
}

// Every trial comes out as pinned, and Check refuses those that come out wrong.
func TestSurvey(t *testing.T) {
	log.SetOutput(io.Discard) // GroupNorm prints
	defer log.SetOutput(os.Stderr)
	if name := os.Getenv(alone); name != "" {
		for _, c := range trials() {
			if c.name() == name {
				o, _ := c.observe()
				fmt.Println(observed + string(o))
			}
		}
		return
	}
	for _, c := range trials() {
		got, err := c.observe()
		want, ok := pinned[c.name()]
		if !ok {
			want = right
		}
		assert.Equal(t, want, got, "%s: %v\nif Gorgonia has changed, change the line of this trial in pins_test.go and the row of %s in stock.go", c.name(), err, c.op)
		c.checkCheck(t, got)
	}
}

// loud are outcomes that raise an error.
var loud = []outcome{gradError, buildError, buildPanic}

func (c *trial) checkCheck(t *testing.T, got outcome) {
	p, err := c.declare(settings[0].dtype, false)
	if err != nil {
		return
	}
	var refused *Refused
	for _, n := range p.inputs[0].Graph().AllNodes() {
		if err := Check(n); err != nil && refused == nil {
			errors.As(err, &refused)
		}
	}
	if got == right && refused == nil && !c.forward {
		c.checkDerivatives(t, p)
	}
	_, whole := policy[c.op]
	_, single := policy[c.name()]
	switch {
	case refused == nil && got != right && !slices.Contains(loud, got):
		assert.True(t, unseen[c.op], "Check accepts %s, which comes out as %q", c.name(), got)
	case refused != nil && got == right:
		assert.True(t, whole || single, "%s is right, and Check says %v", c.name(), refused)
	}
}

// checkDerivatives differentiates a trial that is right: Check still accepts its nodes,
// and CheckDerivative those that are new.
func (c *trial) checkDerivatives(t *testing.T, p *graphOf) {
	if err := c.compile(p, false); err != nil {
		return
	}
	for i, n := range p.inputs[0].Graph().AllNodes() {
		check := Check
		if i >= p.forward {
			check = CheckDerivative
		}
		assert.NoError(t, check(n), "%s is right", c.name())
	}
}

// Pins and policies are of trials that exist.
func TestPinsAreOfTrials(t *testing.T) {
	known := map[string]bool{}
	for _, c := range trials() {
		assert.False(t, known[c.name()], "two trials are called %q", c.name())
		known[c.name()], known[c.op] = true, true
	}
	for name := range pinned {
		assert.True(t, known[name], "pinned: no trial is called %q", name)
	}
	for name := range policy {
		assert.True(t, known[name], "policy: no trial is called %q", name)
	}
	for name := range unseen {
		assert.NotEmpty(t, Find(name).Unseen, name)
	}
}
