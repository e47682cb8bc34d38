package stock

import (
	"reflect"

	G "gorgonia.org/gorgonia"
)

// Operands returns the operands of n, in order. It reads them from the node itself: a graph finds
// nodes by their ids, which are wrong after Log has replaced a 1+x.
func Operands(n *G.Node) (cs G.Nodes) {
	list := reflect.ValueOf(n).Elem().FieldByName("children")
	for i := range list.Len() {
		cs = append(cs, (*G.Node)(list.Index(i).UnsafePointer()))
	}
	return cs
}

// readers returns the nodes that have n as an operand.
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

// field returns an unexported integer field of an op.
func field(op G.Op, name string) int {
	return int(reflect.Indirect(reflect.ValueOf(op)).FieldByName(name).Int())
}

// flag returns an unexported boolean field of an op.
func flag(op G.Op, name string) bool {
	return reflect.Indirect(reflect.ValueOf(op)).FieldByName(name).Bool()
}
