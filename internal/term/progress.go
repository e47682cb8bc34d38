// Package term shows how far long work has come: as a bar on a terminal and as plain lines
// anywhere else.
package term

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// How often the bar is drawn and a plain line is written, at most.
const (
	barEvery  = 100 * time.Millisecond
	lineEvery = 10 * time.Second
)

// Progress shows the progress of one piece of work. Its methods may be called from
// several goroutines; errors of writing are dropped, since work does not fail for want of an
// audience. A nil *Progress shows nothing.
type Progress struct {
	mu    sync.Mutex
	w     io.Writer
	what  string
	total int
	bar   *progressbar.ProgressBar // nil where w is not a terminal
	ended bool                     // the cursor has left the bar's line for good

	n     int
	text  string
	shown time.Time // when n and text were last shown
	stale bool      // whether they have changed since

	begun time.Time // the first update,
	first int       // and how much was done by then: not this run's work
}

// New begins to show work of total units, or of unknown extent if total is 0, under the
// name what. If w is a terminal that is a bar with a rate and the time left, on one line;
// otherwise a plain line now and then.
func New(w io.Writer, total int, what string) *Progress {
	p := &Progress{w: w, what: what, total: total}
	if f, isFile := w.(*os.File); isFile && term.IsTerminal(int(f.Fd())) {
		length := total
		if total <= 0 {
			length = -1 // the bar's word for unknown
		}
		p.bar = progressbar.NewOptions(length,
			progressbar.OptionSetWriter(w),
			progressbar.OptionSetDescription(what),
			progressbar.OptionShowCount(),
			progressbar.OptionSetWidth(20),
			progressbar.OptionUseANSICodes(true),
			progressbar.OptionSetPredictTime(true),
			progressbar.OptionSetRenderBlankState(true),
			progressbar.OptionSetSpinnerChangeInterval(0), // else a goroutine draws for ever
		)
	}
	return p
}

// Update says that n units are done and what else there is to know, such as the loss and
// tokens a second.
func (p *Progress) Update(n int, text string) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.begun.IsZero() {
		p.begun, p.first = time.Now(), n
	}
	p.n, p.text, p.stale = n, text, true
	every := lineEvery
	if p.bar != nil {
		every = barEvery
	}
	if time.Since(p.shown) >= every {
		p.show()
	}
}

// Println writes a line that stays: above the bar, or among the plain lines.
func (p *Progress) Println(a ...any) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil && p.bar.IsFinished() {
		p.end()
	}
	if p.bar == nil || p.ended {
		fmt.Fprintln(p.w, a...)
		return
	}
	p.bar.Clear()
	fmt.Fprintln(p.w, a...)
	p.bar.RenderBlank()
}

// Done shows the last state and leaves the bar behind. What is written afterwards starts on
// a line of its own.
func (p *Progress) Done() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stale {
		p.show()
	}
	if p.bar != nil {
		p.bar.Exit()
		p.end()
	}
}

// end moves the cursor to the line below the bar.
func (p *Progress) end() {
	if !p.ended {
		fmt.Fprintln(p.w)
		p.ended = true
	}
}

// show brings the bar up to date or writes a plain line.
func (p *Progress) show() {
	p.shown, p.stale = time.Now(), false
	if p.bar == nil {
		fmt.Fprintln(p.w, p.line())
		return
	}
	n := p.n
	if p.total > 0 {
		n = min(n, p.total) // more is an error to the bar
	}
	p.bar.Describe(strings.TrimSpace(p.what + " " + p.text))
	p.bar.Set(n)
}

// line is the state as a plain line.
func (p *Progress) line() string {
	s := fmt.Sprintf("%s %d", p.what, p.n)
	if p.total > 0 {
		s += fmt.Sprintf("/%d", p.total)
	}
	if p.text != "" {
		s += " " + p.text
	}
	elapsed := time.Since(p.begun)
	s += fmt.Sprintf(" [%s", elapsed.Round(time.Second))
	if p.n > p.first && p.n < p.total {
		left := elapsed.Seconds() / float64(p.n-p.first) * float64(p.total-p.n)
		s += fmt.Sprintf(", %s left", time.Duration(left*float64(time.Second)).Round(time.Second))
	}
	return s + "]"
}
