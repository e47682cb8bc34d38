package stock

import (
	"reflect"

	G "gorgonia.org/gorgonia"
)

// Operands returns the operands of n, in order. They are read from the node itself: a graph
// finds nodes by a number that no longer counts once Log has replaced a 1+x.
func Operands(n *G.Node) (cs G.Nodes) {
	list := reflect.ValueOf(n).Elem().FieldByName("children")
	for i := range list.Len() {
		cs = append(cs, (*G.Node)(list.Index(i).UnsafePointer()))
	}
	return cs
}

// readers are the nodes that n is an operand of.
func readers(n *G.Node) (rs G.Nodes) {
	list := reflect.ValueOf(n.Graph()).Elem().FieldByName("to").MapIndex(reflect.ValueOf(n))
	if !list.IsValid() {
		return nil
	}
	for i := range list.Len() {
		rs = append(rs, (*G.Node)(list.Index(i).UnsafePointer()))
	}
	return rs
}

// field is an integer field of an op. Gorgonia does not export it.
func field(op G.Op, name string) int {
	return int(reflect.Indirect(reflect.ValueOf(op)).FieldByName(name).Int())
}

// flag is a boolean field of an op.
func flag(op G.Op, name string) bool {
	return reflect.Indirect(reflect.ValueOf(op)).FieldByName(name).Bool()
}
