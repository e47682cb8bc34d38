package data

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress tells how far a long piece of work is: a bar on a terminal, a line at the start and
// one at the end elsewhere, nothing if there is nowhere to write.
type progress struct {
	log   io.Writer
	what  string
	bar   *progressbar.ProgressBar
	begun time.Time
}

// newProgress announces work of total steps, bytes if so marked; −1 if that is not known.
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

// set says that done steps are done.
func (p *progress) set(done int64) {
	if p.bar != nil {
		p.bar.Set64(done) // a bar that cannot be drawn must not stop the work
	}
}

// add says that n more steps are done.
func (p *progress) add(n int) {
	if p.bar != nil {
		p.bar.Add(n)
	}
}

// done ends the bar, or says how long it took.
func (p *progress) done() {
	switch {
	case p.bar != nil:
		p.bar.Finish()
	case p.log != nil:
		fmt.Fprintf(p.log, "%s: %.1f s\n", p.what, time.Since(p.begun).Seconds())
	}
}
