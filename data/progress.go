package data

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress reports the progress of a long operation: as a bar on a terminal, with a line at the start
// and one at the end in other logs, not at all if log is nil.
type progress struct {
	log   io.Writer
	what  string
	bar   *progressbar.ProgressBar
	begun time.Time
}

// newProgress starts a report on total steps, or total bytes if bytes is set; −1 means unknown.
func newProgress(log io.Writer, what string, total int64, bytes bool) *progress {
	p := &progress{log: log, what: what, begun: time.Now()}
	if log == nil {
		return p
	}
	if f, ok := log.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.bar = progressbar.NewOptions64(total,
			progressbar.OptionSetWriter(log),
			progressbar.OptionSetDescription(what),
			progressbar.OptionShowBytes(bytes),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish())
		return p
	}
	fmt.Fprintf(log, "%s …\n", what)
	return p
}

// set reports that done steps are complete.
func (p *progress) set(done int64) {
	if p.bar != nil {
		p.bar.Set64(done) // an error of the bar must not stop the operation
	}
}

// add reports that n more steps are complete.
func (p *progress) add(n int) {
	if p.bar != nil {
		p.bar.Add(n)
	}
}

// done removes the bar, or writes the time taken.
func (p *progress) done() {
	switch {
	case p.bar != nil:
		p.bar.Finish()
	case p.log != nil:
		fmt.Fprintf(p.log, "%s: %.1f s\n", p.what, time.Since(p.begun).Seconds())
	}
}
