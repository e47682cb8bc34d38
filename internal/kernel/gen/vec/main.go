// Command vec writes the element-wise kernels of package vec: assembly for AVX-512 and AVX2, the Go
// declarations, and functions of the same names for other processors, which are never called.
//
//	go run ./vec -o ../vec
package main

import (
	"bytes"
	"flag"
	"fmt"
	"go/format"
	"log"
	"os"
	"path/filepath"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
	"github.com/mmcloughlin/avo/reg"
)

const maxHeld = 26 // constants in registers

func main() {
	dir := flag.String("o", "../vec", "the `directory` of package vec")
	flag.Parse()
	log.SetFlags(0)
	if err := generate(*dir); err != nil {
		log.Fatal(err)
	}
}

func generate(dir string) error {
	c, t := build.NewContext(), newTable()
	c.ConstraintExpr("amd64")
	for _, k := range kernels {
		avx512, err := k.hold(true)
		if err != nil {
			return err
		}
		avx2, err := k.hold(false)
		if err != nil {
			return err
		}
		k.define(c, t, avx512, avx2)
	}
	t.define(c)
	file, err := c.Result()
	if err != nil {
		return err
	}
	if err := pass.Compile.Execute(file); err != nil {
		return err
	}
	return write(dir, file)
}

// define writes the function: one body for each instruction set, selected by the variable vecWide.
func (k kernel) define(c *build.Context, t *table, avx512, avx2 []konst) {
	c.Function(k.name)
	c.Attributes(attr.NOSPLIT)
	c.Pragma("noescape")
	c.SignatureExpr("func" + k.signature)
	narrow := k.name + "_avx2"
	c.CMPB(operand.NewDataAddr(operand.Symbol{Name: "·vecWide"}, 0), operand.U8(0))
	c.JEQ(operand.LabelRef(narrow))
	k.body(c, t, true, avx512)
	c.Label(narrow)
	k.body(c, t, false, avx2)
}

func (k kernel) body(c *build.Context, t *table, wide bool, held []konst) *asm {
	prefix := k.name + "_2"
	if wide {
		prefix = k.name + "_512"
	}
	a := &asm{Context: c, wide: wide, prefix: prefix, table: t, held: map[konst]reg.VecVirtual{}}
	a.hold(held)
	k.emit(a)
	a.VZEROUPPER()
	a.finish()
	return a
}

// hold determines by trial which constants a body uses and how many of them fit into registers.
func (k kernel) hold(wide bool) ([]konst, error) {
	try := func(held []konst) (*asm, error) {
		c := build.NewContext()
		c.Function(k.name)
		c.SignatureExpr("func" + k.signature)
		a := k.body(c, newTable(), wide, held)
		file, err := c.Result()
		if err == nil {
			err = pass.Compile.Execute(file)
		}
		return a, err
	}
	a, err := try(nil)
	if err != nil {
		return nil, fmt.Errorf("%s (wide %v): %w", k.name, wide, err)
	}
	for n := min(len(a.wanted), maxHeld); n > 0; n-- {
		if _, err := try(a.wanted[:n]); err == nil {
			return a.wanted[:n], nil
		}
	}
	return nil, nil
}

// write writes the three files.
func write(dir string, file *ir.File) error {
	cfg := printer.Config{Name: "internal/kernel/gen/vec", Pkg: "vec"}
	for name, p := range map[string]printer.Printer{
		"kernels_amd64.s":  printer.NewGoAsm(cfg),
		"kernels_amd64.go": printer.NewStubs(cfg),
	} {
		text, err := p.Print(file)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return err
		}
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "// %s\n\n//go:build !amd64\n\npackage vec\n\n", cfg.GeneratedWarning())
	fmt.Fprintf(&b, "// Where simd is false none of these is called.\n")
	for _, fn := range file.Functions() {
		fmt.Fprintf(&b, "\n%s { panic(\"vec: no assembly for this processor\") }\n", fn.Stub())
	}
	text, err := format.Source(b.Bytes())
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "kernels_other.go"), text, 0o644)
}
