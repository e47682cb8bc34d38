// Package generics makes functions of the packages slices and maps available to the interpreter,
// which knows no type parameters: those whose results have types of their own. They check the
// types of their arguments when they are called.
package generics

import (
	"cmp"
	"fmt"
	"reflect"
	"sort"

	"github.com/cosmos72/gomacro/imports"
)

func init() {
	imports.Packages["slices"] = pkg("slices", map[string]any{
		"BinarySearch": BinarySearch, "Contains": Contains, "ContainsFunc": ContainsFunc, "Equal": Equal,
		"Index": Index, "IndexFunc": IndexFunc, "IsSorted": IsSorted, "Reverse": Reverse, "Sort": Sort,
		"SortFunc": SortFunc, "SortStableFunc": SortFunc,
	})
	imports.Packages["maps"] = pkg("maps", map[string]any{"Copy": Copy, "DeleteFunc": DeleteFunc, "Equal": Equal})
}

func pkg(name string, functions map[string]any) imports.Package {
	binds := map[string]reflect.Value{}
	for n, f := range functions {
		binds[n] = reflect.ValueOf(f)
	}
	return imports.Package{Name: name, Binds: binds}
}

// compare orders two values of a type that < is defined for, NaN first.
func compare(a, b reflect.Value) int {
	switch {
	case a.CanInt():
		return cmp.Compare(a.Int(), b.Int())
	case a.CanUint():
		return cmp.Compare(a.Uint(), b.Uint())
	case a.CanFloat():
		return cmp.Compare(a.Float(), b.Float())
	case a.Kind() == reflect.String:
		return cmp.Compare(a.String(), b.String())
	}
	panic(fmt.Errorf("values of type %v have no order", a.Type()))
}

// Sort sorts a slice in ascending order.
func Sort(s any) {
	v := reflect.ValueOf(s)
	sort.Slice(s, func(i, j int) bool { return compare(v.Index(i), v.Index(j)) < 0 })
}

// SortFunc sorts a slice by compare, a func(a, b T) int, and keeps the order of equal elements.
func SortFunc(s, compare any) {
	v, f := reflect.ValueOf(s), reflect.ValueOf(compare)
	sort.SliceStable(s, func(i, j int) bool { return f.Call([]reflect.Value{v.Index(i), v.Index(j)})[0].Int() < 0 })
}

// IsSorted reports whether a slice is in ascending order.
func IsSorted(s any) bool {
	v := reflect.ValueOf(s)
	return sort.SliceIsSorted(s, func(i, j int) bool { return compare(v.Index(i), v.Index(j)) < 0 })
}

// BinarySearch returns the place of x in a sorted slice, or where it would be, and whether it is
// there.
func BinarySearch(s, x any) (int, bool) {
	v, want := reflect.ValueOf(s), element(s, x)
	i := sort.Search(v.Len(), func(i int) bool { return compare(v.Index(i), want) >= 0 })
	return i, i < v.Len() && compare(v.Index(i), want) == 0
}

// Reverse reverses a slice in place.
func Reverse(s any) {
	swap := reflect.Swapper(s)
	for i, j := 0, reflect.ValueOf(s).Len()-1; i < j; i, j = i+1, j-1 {
		swap(i, j)
	}
}

// Contains reports whether a slice has an element equal to x.
func Contains(s, x any) bool { return Index(s, x) >= 0 }

// Index returns the place of the first element equal to x, or -1.
func Index(s, x any) int {
	v, want := reflect.ValueOf(s), element(s, x)
	for i := range v.Len() {
		if v.Index(i).Equal(want) {
			return i
		}
	}
	return -1
}

// IndexFunc returns the place of the first element for which f, a func(T) bool, is true, or -1.
func IndexFunc(s, f any) int {
	v, call := reflect.ValueOf(s), reflect.ValueOf(f)
	for i := range v.Len() {
		if call.Call([]reflect.Value{v.Index(i)})[0].Bool() {
			return i
		}
	}
	return -1
}

// ContainsFunc reports whether f, a func(T) bool, is true for an element.
func ContainsFunc(s, f any) bool { return IndexFunc(s, f) >= 0 }

// Equal reports whether two slices, or two maps, have the same elements.
func Equal(a, b any) bool {
	v, w := reflect.ValueOf(a), reflect.ValueOf(b)
	if v.Len() != w.Len() {
		return false
	}
	if v.Kind() == reflect.Map {
		for _, key := range v.MapKeys() {
			if x := w.MapIndex(key); !x.IsValid() || !x.Equal(v.MapIndex(key)) {
				return false
			}
		}
		return true
	}
	for i := range v.Len() {
		if !v.Index(i).Equal(w.Index(i)) {
			return false
		}
	}
	return true
}

// Copy copies the entries of the map from to the map to.
func Copy(to, from any) {
	v, w := reflect.ValueOf(to), reflect.ValueOf(from)
	for _, key := range w.MapKeys() {
		v.SetMapIndex(key, w.MapIndex(key))
	}
}

// DeleteFunc deletes the entries for which f, a func(K, V) bool, is true.
func DeleteFunc(m, f any) {
	v, call := reflect.ValueOf(m), reflect.ValueOf(f)
	for _, key := range v.MapKeys() {
		if call.Call([]reflect.Value{key, v.MapIndex(key)})[0].Bool() {
			v.SetMapIndex(key, reflect.Value{})
		}
	}
}

// element returns x as an element of the slice s. A constant in a cell is an int or a float64.
func element(s, x any) reflect.Value {
	v, t := reflect.ValueOf(x), reflect.TypeOf(s).Elem()
	if !v.CanConvert(t) || v.Kind() == reflect.String != (t.Kind() == reflect.String) {
		panic(fmt.Errorf("%v of type %T is no element of a %T", x, x, s))
	}
	return v.Convert(t)
}
