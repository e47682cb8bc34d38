package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
)

// table collects the constants of all kernels in one read-only symbol: 0, 1, … 15 first, then each
// constant eight times, as an AVX2 operand.
type table struct {
	offset map[konst]int
	order  []konst
}

const (
	tableName  = "vecTable"
	iotaBytes  = 64
	entryBytes = 32
)

func newTable() *table { return &table{offset: map[konst]int{}} }

func (t *table) address(offset int) operand.Mem {
	return operand.NewDataAddr(operand.NewStaticSymbol(tableName), offset)
}

func (t *table) iota() operand.Mem { return t.address(0) }

// at returns the address of k, which is added to the table at its first use.
func (t *table) at(k konst) operand.Mem {
	o, ok := t.offset[k]
	if !ok {
		o = iotaBytes + entryBytes*len(t.order)
		t.offset[k] = o
		t.order = append(t.order, k)
	}
	return t.address(o)
}

// define writes the symbol.
func (t *table) define(c *build.Context) {
	c.StaticGlobal(tableName)
	c.DataAttributes(attr.RODATA | attr.NOPTR)
	for i := range iotaBytes / 4 {
		c.AddDatum(4*i, operand.U32(i))
	}
	for i, k := range t.order {
		for lane := range entryBytes / 4 {
			c.AddDatum(iotaBytes+entryBytes*i+4*lane, operand.U32(k))
		}
	}
}
