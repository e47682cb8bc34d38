// Package term reports the progress of long operations: as a bar on a terminal, as plain lines in
// other outputs.
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

// The shortest intervals between updates of the bar and between plain lines.
const (
	barEvery  = 100 * time.Millisecond
	lineEvery = 10 * time.Second
)

// Progress reports the progress of one operation. It is safe for concurrent use. Write errors are
// ignored, because they must not stop the operation. A nil *Progress writes nothing.
type Progress struct {
	mu    sync.Mutex
	w     io.Writer
	what  string
	total int
	share bool                     // n is in thousandths of the operation
	bar   *progressbar.ProgressBar // nil if w is not a terminal
	ended bool                     // the cursor is below the line of the bar

	n     int
	text  string
	shown time.Time // when n and text were last shown
	stale bool      // whether they have changed since

	begun time.Time // time of the first update
	first int       // units done at the first update, by an earlier run
}

// New starts the report of an operation named what with total units, 0 if that is unknown. If w is
// a terminal, it shows a bar with the rate and the time left on one line; else it writes a plain
// line every ten seconds.
func New(w io.Writer, total int, what string) *Progress {
	return start(&Progress{w: w, what: what, total: total})
}

// thousand is the total of a Progress in shares.
const thousand = 1000

// NewShare starts the report of an operation whose units do not say how much of it is done, such as
// the steps of one that ends with its time: see UpdateShare.
func NewShare(w io.Writer, what string) *Progress {
	return start(&Progress{w: w, what: what, total: thousand, share: true})
}

func start(p *Progress) *Progress {
	w, total, what := p.w, p.total, p.what
	if IsTerminal(w) {
		length := total
		if total <= 0 {
			length = -1 // unknown
		}
		options := []progressbar.Option{
			progressbar.OptionSetWriter(w),
			progressbar.OptionSetDescription(what),
			progressbar.OptionSetWidth(20),
			progressbar.OptionUseANSICodes(true),
			progressbar.OptionSetPredictTime(true),
			progressbar.OptionSetRenderBlankState(true),
			progressbar.OptionSetSpinnerChangeInterval(0), // else a goroutine redraws it forever
		}
		if !p.share {
			options = append(options, progressbar.OptionShowCount())
		}
		p.bar = progressbar.NewOptions(length, options...)
	}
	return p
}

// IsTerminal reports whether f, a reader or writer, is a terminal.
func IsTerminal(f any) bool {
	file, isFile := f.(*os.File)
	return isFile && term.IsTerminal(int(file.Fd()))
}

// Update reports that n units are done; text has further information, such as the loss and tokens
// per second.
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

// UpdateShare is Update with the share of the operation that is done, 0 to 1.
func (p *Progress) UpdateShare(share float64, text string) { p.Update(int(share*thousand), text) }

// Println writes a permanent line, above the bar or between the plain lines.
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

// Done shows the last state and ends the bar, so that later output starts on a new line.
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

// show updates the bar or writes a plain line.
func (p *Progress) show() {
	p.shown, p.stale = time.Now(), false
	if p.bar == nil {
		fmt.Fprintln(p.w, p.line())
		return
	}
	n := p.n
	if p.total > 0 {
		n = min(n, p.total) // the bar rejects more
	}
	p.bar.Describe(strings.TrimSpace(p.what + " " + p.text))
	p.bar.Set(n)
}

// line returns the plain line of the current state.
func (p *Progress) line() string {
	s := fmt.Sprintf("%s %d", p.what, p.n)
	switch {
	case p.share:
		s = fmt.Sprintf("%s %d%%", p.what, 100*p.n/thousand)
	case p.total > 0:
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
