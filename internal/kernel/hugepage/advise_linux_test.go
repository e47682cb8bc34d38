package hugepage

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestAdvise checks that the kernel marks the memory of a long slice as advised (hg in
// /proc/self/smaps), and that a short or empty one is left alone.
func TestAdvise(t *testing.T) {
	if _, err := os.Stat("/sys/kernel/mm/transparent_hugepage"); err != nil {
		t.Skip("this system has no transparent huge pages")
	}
	Advise[float32](nil)
	Advise(make([]float32, 10))
	x := make([]float32, 8<<20)
	assert.NotContains(t, flags(t, &x[len(x)/2]), "hg")
	Advise(x)
	assert.Contains(t, flags(t, &x[len(x)/2]), "hg")
	assert.Contains(t, flags(t, &x[len(x)-1]), "hg")
	assert.Zero(t, x[len(x)/2])
}

// flags returns the flags of the mapping of an address.
func flags(t *testing.T, p *float32) []string {
	f, err := os.Open("/proc/self/smaps")
	require.NoError(t, err)
	defer f.Close()
	at, within := uintptr(unsafe.Pointer(p)), false
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := lines.Text()
		if first, end, ok := bounds(line); ok {
			within = first <= at && at < end
		} else if list, ok := strings.CutPrefix(line, "VmFlags:"); ok && within {
			return strings.Fields(list)
		}
	}
	t.Fatal("the address is in no mapping")
	return nil
}

// bounds returns the addresses of a mapping, from the line that begins its description.
func bounds(line string) (first, end uintptr, ok bool) {
	from, rest, ok := strings.Cut(strings.SplitN(line, " ", 2)[0], "-")
	if !ok {
		return 0, 0, false
	}
	a, err1 := strconv.ParseUint(from, 16, 64)
	b, err2 := strconv.ParseUint(rest, 16, 64)
	return uintptr(a), uintptr(b), err1 == nil && err2 == nil
}
