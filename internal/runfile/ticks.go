//go:build !browser

package runfile

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// roundTicks returns four to ten ticks at multiples of 1, 2 or 5 times a power of ten.
func roundTicks(low, high float64) []plot.Tick {
	step := math.Pow(10, math.Floor(math.Log10((high-low)/4)))
	for _, m := range []float64{5, 2} {
		if (high-low)/(m*step) >= 4 {
			step *= m
			break
		}
	}
	var ticks []plot.Tick
	first := math.Ceil(low / step)
	for i := range 11 {
		if v := (first + float64(i)) * step; v <= high {
			ticks = append(ticks, plot.Tick{Value: v, Label: strconv.FormatFloat(v, 'g', 10, 64)})
		}
	}
	return ticks
}

// stepTicks returns the ticks of roundTicks that are whole numbers of steps. From 100,000 on
// labels are in thousands or millions, so that neighbours do not touch.
func stepTicks(low, high float64) (ticks []plot.Tick) {
	unit, suffix := 1.0, ""
	switch {
	case high >= 1e6:
		unit, suffix = 1e6, "M"
	case high >= 1e5:
		unit, suffix = 1e3, "k"
	}
	for _, t := range roundTicks(low, high) {
		if t.Value != math.Trunc(t.Value) {
			continue
		}
		if t.Value != 0 {
			t.Label = strconv.FormatFloat(t.Value/unit, 'g', 10, 64) + suffix
		}
		ticks = append(ticks, t)
	}
	return ticks
}
