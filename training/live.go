package training

import (
	"fmt"
	"strings"
	"time"

	"euryale/internal/plottext"
	"euryale/layers/draw"
)

// Live returns a Watch that shows a bar of the run's progress and the curves of its losses while it
// trains, in one picture that is replaced about twice a second. Display is a notebook's:
//
//	run.Watch = training.Live(Display)
func Live(display func(picture interface{}) error) Watch {
	l := newLossCurve(time.Now)
	show := func(always bool) {
		if display != nil && l.isDue(always) {
			if err := display(l); err != nil {
				display = nil // the notebook is gone, and the training is not
			}
		}
	}
	return Watch{
		Step: func(s Step) { l.addStep(s); show(s.N == s.Of) },
		Eval: func(r Record) { l.addEval(r); show(true) },
	}
}

// Limits of a LossCurve.
const (
	curvePoints = 400                    // of the training loss; more steps share points
	curvePause  = 500 * time.Millisecond // between two pictures
)

// LossCurve is the picture of a run in training that Live shows.
type LossCurve struct {
	now    func() time.Time
	id     string
	last   Step
	first  int       // step that the curve begins at
	share  float64   // of the run that was over then
	began  time.Time // when the first step was made
	shown  time.Time
	width  int       // steps of a point
	sum    float64   // of the losses since the last point
	count  int       // of them
	steps  []float64 // last step of each point
	losses []float64 // mean training loss of each point
	valid  draw.Series
}

func newLossCurve(now func() time.Time) *LossCurve {
	return &LossCurve{now: now, id: fmt.Sprintf("euryale-loss-%x", now().UnixNano()), width: 1, valid: draw.Series{Name: "validation"}}
}

// isDue reports whether the picture is to be shown again, and notes that it is.
func (l *LossCurve) isDue(always bool) bool {
	if t := l.now(); always || t.Sub(l.shown) >= curvePause {
		l.shown = t
		return true
	}
	return false
}

func (l *LossCurve) addStep(s Step) {
	if l.began.IsZero() {
		l.began, l.first, l.share = l.now(), s.N, s.Share
	}
	l.last = s
	l.sum, l.count = l.sum+s.Loss, l.count+1
	if l.count < l.width {
		return
	}
	l.steps, l.losses = append(l.steps, float64(s.N)), append(l.losses, l.sum/float64(l.count))
	l.sum, l.count = 0, 0
	if len(l.steps) == curvePoints {
		l.halve()
	}
}

// halve joins neighbouring points.
func (l *LossCurve) halve() {
	for i := range curvePoints / 2 {
		l.steps[i], l.losses[i] = l.steps[2*i+1], (l.losses[2*i]+l.losses[2*i+1])/2
	}
	l.steps, l.losses, l.width = l.steps[:curvePoints/2], l.losses[:curvePoints/2], 2*l.width
}

func (l *LossCurve) addEval(r Record) {
	if r.ValLoss != nil {
		l.valid.X, l.valid.Y = append(l.valid.X, float64(r.N)), append(l.valid.Y, *r.ValLoss)
	}
}

// String returns the progress in a line.
func (l *LossCurve) String() string {
	parts := []string{fmt.Sprintf("step %d of %d", l.last.N, l.last.Of), fmt.Sprintf("loss %.3f", l.last.Loss)}
	if n := len(l.valid.Y); n > 0 {
		parts = append(parts, fmt.Sprintf("validation %.3f", l.valid.Y[n-1]))
	}
	if made := l.last.Share - l.share; made > 0 && l.last.Share < 1 {
		left := time.Duration(float64(l.now().Sub(l.began)) * (1 - l.last.Share) / made)
		parts = append(parts, fmt.Sprintf("%.0f tokens/s", l.last.PerSecond), fmt.Sprintf("%v left", left.Round(time.Second)))
	}
	return strings.Join(parts, " · ")
}

// SVG returns the bar and the curves.
func (l *LossCurve) SVG() string {
	const width, height, left, bar = 640, 352, 64, 240
	chart := draw.Chart{XLabel: "step", YLabel: "loss (nats)", Series: []draw.Series{{Name: "training", X: l.steps, Y: l.losses}}}
	if len(l.valid.Y) > 0 {
		chart.Series = append(chart.Series, l.valid)
	}
	done := bar * l.last.Share
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d"><rect width="%d" height="%d" fill="white"/>`+
		`<rect x="%d" y="10" width="%d" height="12" rx="3" fill="#e6e6e6"/><rect x="%d" y="10" width="%.1f" height="12" rx="3" fill="#009e73"/>%s`+
		`<svg y="32" width="%d" height="%d">%s</svg></svg>`,
		width, height, width, height, width, height, left, bar, left, min(done, bar),
		plottext.Label{X: left + bar + 14, Y: 20, Size: 12}.SVG(l.String()), width, height-32, chart.SVG())
}

// HTML returns the picture as an image.
func (l *LossCurve) HTML() string { return draw.Image(l.SVG(), l.String()) }

// DisplayID returns the identifier by which a notebook replaces the picture with the next one.
func (l *LossCurve) DisplayID() string { return l.id }
