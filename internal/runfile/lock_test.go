package runfile

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMain lets the tests start this program again as a writer that locks a directory and
// has a file in the making, until it is killed.
func TestMain(m *testing.M) {
	dir := os.Getenv("RUNFILE_TEST_LOCK")
	if dir == "" {
		os.Exit(m.Run())
	}
	_, err := LockDir(dir)
	if err == nil {
		_, err = createBeside(filepath.Join(dir, "weights"))
	}
	fmt.Println(err)
	select {}
}

// A directory has one writer at a time. The lock of a process that is killed ends with it,
// and so does that of its temporary files.
func TestLockEndsWithItsProcess(t *testing.T) {
	dir := t.TempDir()
	writer := exec.Command(os.Args[0])
	writer.Env = append(os.Environ(), "RUNFILE_TEST_LOCK="+dir)
	out, err := writer.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, writer.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "<nil>\n", line)

	temporary := func() []string {
		found, err := filepath.Glob(filepath.Join(dir, ".weights.*.tmp"))
		require.NoError(t, err)
		return found
	}
	_, err = LockDir(dir)
	assert.EqualError(t, err, fmt.Sprintf("%s is being written by process %d", dir, writer.Process.Pid))
	require.NoError(t, Sweep(dir))
	assert.Len(t, temporary(), 1, "it is being written")

	require.NoError(t, writer.Process.Kill())
	writer.Wait() // says that it was killed
	lock, err := LockDir(dir)
	require.NoError(t, err)
	require.NoError(t, Sweep(dir))
	assert.Empty(t, temporary())
	_, err = LockDir(dir)
	assert.EqualError(t, err, dir+" is still being written by this process, which has not closed it")
	require.NoError(t, lock.Unlock())
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, left)
}

// Of many who want a lock at once, again and again, one has it at a time.
func TestLockIsHeldByOne(t *testing.T) {
	dir := t.TempDir()
	var holders, taken atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 200 {
				lock, err := LockDir(dir)
				if err != nil {
					var locked *LockedError
					assert.ErrorAs(t, err, &locked)
					continue
				}
				taken.Add(1)
				assert.Equal(t, int32(1), holders.Add(1))
				holders.Add(-1)
				assert.NoError(t, lock.Unlock())
			}
		})
	}
	all.Wait()
	assert.Positive(t, taken.Load())
}

// Files are written while another goroutine sweeps: none is lost.
func TestWritesAreNotSwept(t *testing.T) {
	dir := t.TempDir()
	stop := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				assert.NoError(t, Sweep(dir))
			}
		}
	})
	for i := range 50 {
		assert.NoError(t, WriteAtomic(filepath.Join(dir, "eval.json"), content(fmt.Sprint(i))))
	}
	close(stop)
	all.Wait()
	onlyFile(t, dir, "eval.json", "49")
}
