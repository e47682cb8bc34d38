package term

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// terminal calls use with a pseudo-terminal and returns its output.
func terminal(t *testing.T, use func(tty *os.File)) string {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("this system has no pseudo-terminals")
	}
	defer master.Close()
	fd := int(master.Fd())
	require.NoError(t, unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	require.NoError(t, err)
	require.NoError(t, unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 100}))
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	output := make(chan string)
	go func() {
		raw, _ := io.ReadAll(master) // an I/O error when the terminal is closed
		output <- string(raw)
	}()
	use(tty)
	require.NoError(t, tty.Close())
	return <-output
}

// screen returns the visible lines of output; escape sequences and carriage returns clear the line,
// as all those of the bar do.
func screen(output string) (lines []string) {
	wipe := regexp.MustCompile(`^.*(\r|\x1b\[2K)`)
	for _, line := range strings.Split(strings.ReplaceAll(output, "\r\n", "\n"), "\n") {
		lines = append(lines, strings.TrimSpace(wipe.ReplaceAllString(line, "")))
	}
	return lines
}

func TestBar(t *testing.T) {
	out := terminal(t, func(tty *os.File) {
		p := New(tty, 10, "train")
		p.Update(3, "loss 2.50")
		p.Println("sample: 春眠")
		time.Sleep(barEvery) // the next update is drawn
		p.Update(4, "loss 2.25")
		p.Update(5, "loss 2.00") // too early to be drawn; Done shows it
		p.Done()
		fmt.Fprintln(tty, "after")
	})
	lines := screen(out)
	require.GreaterOrEqual(t, len(lines), 3, "%q", out)
	assert.Equal(t, "sample: 春眠", lines[0])
	assert.Contains(t, lines[1], "train loss 2.00")
	assert.Contains(t, lines[1], "5/10")
	assert.Equal(t, "after", lines[2])
	assert.Contains(t, out, "4/10")
}

func TestBarThatIsFull(t *testing.T) {
	out := terminal(t, func(tty *os.File) {
		p := New(tty, 2, "eval")
		p.Update(3, "") // more than the total
		p.Println("later")
		p.Done()
	})
	assert.Contains(t, out, "2/2")
	assert.Equal(t, []string{"later", ""}, screen(out)[1:])
}

func TestSpinner(t *testing.T) {
	out := terminal(t, func(tty *os.File) {
		p := New(tty, 0, "read")
		p.Update(7, "MB")
		p.Done()
	})
	assert.Contains(t, out, "read MB")
	assert.Contains(t, out, "7/-")
}
