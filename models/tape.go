package models

import (
	"reflect"
	"unsafe"

	G "gorgonia.org/gorgonia"
)

// runner returns a function that runs a program on Gorgonia's tape machine by the machine's method Run, whose parameter
// is the instructions. RunAll runs them in a goroutine of their own while it keeps the caller's thread, so that every run
// waits for two threads to wake: 30 to 40 µs, a fifth of a token of a small model.
//
// Gorgonia does not export the type of the instructions, nor the field of the program that has them. If that field is
// not there, as in another version of Gorgonia might be, the function is RunAll.
//
// The machine must have been made with no locations of nodes: Run copies the value of each node that has one.
func runner[Instructions any](vm G.VM, run func(Instructions) error, program any) func() error {
	v := reflect.ValueOf(program).Elem().FieldByName("instructions")
	if !v.IsValid() || v.Type() != reflect.TypeFor[Instructions]() {
		return vm.RunAll
	}
	all := *(*Instructions)(unsafe.Pointer(v.UnsafeAddr()))
	return func() error { return run(all) }
}
