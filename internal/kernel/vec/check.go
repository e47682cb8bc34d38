package vec

import (
	"fmt"
	"strings"

	"euryale/internal/kernel"
)

// sameLength panics unless every length equals the first: a programmer's mistake, not bad input.
func sameLength(function string, want int, lengths ...int) {
	for i, n := range lengths {
		if n != want {
			panic(fmt.Sprintf("vec.%s: argument %d has %d elements, the first has %d; they must be equal", function, i+2, n, want))
		}
	}
}

// needs panics unless the slices called names, separated by spaces, have want elements each.
func needs(function string, want int, names string, lengths ...int) {
	for i, n := range lengths {
		if n != want {
			panic(fmt.Sprintf("vec.%s: %s has %d elements, %d are needed", function, strings.Fields(names)[i], n, want))
		}
	}
}

// holdsRows panics unless a slice of n elements holds rows rows of cols elements at stride ld.
func holdsRows(function, name string, n, rows, cols, ld int) {
	if rows < 0 || cols < 0 || ld < cols {
		panic(fmt.Sprintf("vec.%s: %s has %d rows of %d columns at stride %d; no size may be negative, nor the stride less than the columns",
			function, name, rows, cols, ld))
	}
	if rows > 0 && cols > 0 && n < (rows-1)*ld+cols {
		panic(fmt.Sprintf("vec.%s: %s has %d elements, %d rows of %d columns at stride %d need %d",
			function, name, n, rows, cols, ld, (rows-1)*ld+cols))
	}
}

// rowOf returns row r of a matrix at stride ld; one without columns may have no elements to slice.
func rowOf[T kernel.Float](x []T, r, cols, ld int) []T {
	if cols == 0 {
		return nil
	}
	return x[r*ld : r*ld+cols]
}

// atLeast panics if the slice called name has fewer than want elements.
func atLeast(function, name string, n, want int) {
	if n < want {
		panic(fmt.Sprintf("vec.%s: %s has %d elements, %d are needed", function, name, n, want))
	}
}
