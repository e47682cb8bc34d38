package vec

import (
	"fmt"
	"strings"

	"euryale/internal/kernel"
)

// sameLength panics unless all lengths equal want, the length of the first argument.
func sameLength(function string, want int, lengths ...int) {
	for i, n := range lengths {
		if n != want {
			panic(fmt.Sprintf("vec.%s: argument %d has %d elements, but the first has %d", function, i+2, n, want))
		}
	}
}

// needs panics unless the slices with the given names, separated by spaces, have want elements each.
func needs(function string, want int, names string, lengths ...int) {
	for i, n := range lengths {
		if n != want {
			panic(fmt.Sprintf("vec.%s: %s has %d elements, but needs %d", function, strings.Fields(names)[i], n, want))
		}
	}
}

// checkMatrix panics unless a slice of n elements is long enough for rows×cols elements at stride ld.
func checkMatrix(function, name string, n, rows, cols, ld int) {
	if rows < 0 || cols < 0 || ld < cols {
		panic(fmt.Sprintf("vec.%s: %s has %d rows of %d columns at stride %d: sizes must not be negative, and the stride not less than the columns",
			function, name, rows, cols, ld))
	}
	if rows > 0 && cols > 0 && n < (rows-1)*ld+cols {
		panic(fmt.Sprintf("vec.%s: %s has %d elements, but %d rows of %d columns at stride %d need %d",
			function, name, n, rows, cols, ld, (rows-1)*ld+cols))
	}
}

// rowOf returns row r of a matrix at stride ld, nil if it has no columns.
func rowOf[T kernel.Float](x []T, r, cols, ld int) []T {
	if cols == 0 {
		return nil
	}
	return x[r*ld : r*ld+cols]
}

// atLeast panics if the slice with the given name has fewer than want elements.
func atLeast(function, name string, n, want int) {
	if n < want {
		panic(fmt.Sprintf("vec.%s: %s has %d elements, but needs %d", function, name, n, want))
	}
}
