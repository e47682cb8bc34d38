package vec

import "euryale/internal/kernel"

// Add writes dst = a + b. dst may be a or b.
func Add[T kernel.Float](dst, a, b []T) {
	sameLength("Add", len(dst), len(a), len(b))
	if fast[T]() {
		vecAdd(start(dst), start(a), start(b), len(a))
		return
	}
	for i, v := range a {
		dst[i] = v + b[i]
	}
}

// Sub writes dst = a − b. dst may be a or b.
func Sub[T kernel.Float](dst, a, b []T) {
	sameLength("Sub", len(dst), len(a), len(b))
	if fast[T]() {
		vecSub(start(dst), start(a), start(b), len(a))
		return
	}
	for i, v := range a {
		dst[i] = v - b[i]
	}
}

// Mul writes dst = a·b, element by element. dst may be a or b.
func Mul[T kernel.Float](dst, a, b []T) {
	sameLength("Mul", len(dst), len(a), len(b))
	if fast[T]() {
		vecMul(start(dst), start(a), start(b), len(a))
		return
	}
	for i, v := range a {
		dst[i] = v * b[i]
	}
}

// Scale writes dst = s·a. dst may be a.
func Scale[T kernel.Float](dst, a []T, s T) {
	sameLength("Scale", len(dst), len(a))
	if fast[T]() {
		vecScale(start(dst), start(a), float32(s), len(a))
		return
	}
	for i, v := range a {
		dst[i] = s * v
	}
}

// Axpy adds s·x to dst, rounded once in assembly and twice in plain Go. dst may be x.
func Axpy[T kernel.Float](dst []T, s T, x []T) {
	sameLength("Axpy", len(dst), len(x))
	if fast[T]() {
		vecAxpy(start(dst), start(x), float32(s), len(x))
		return
	}
	for i, v := range x {
		dst[i] += s * v
	}
}
