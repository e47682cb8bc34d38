//go:build linux && amd64

package main

import (
	"debug/elf"
	"debug/gosym"
	"fmt"
	"path/filepath"
)

// where returns the function and line of an address as " (function, file:line)", or ""
// if the process is not a Go program with a symbol table.
func where(pid int, address uint64) string {
	file, err := elf.Open(fmt.Sprintf("/proc/%d/exe", pid))
	if err != nil {
		return ""
	}
	defer file.Close()
	text, lines := file.Section(".text"), file.Section(".gopclntab")
	if text == nil || lines == nil {
		return ""
	}
	data, err := lines.Data()
	if err != nil {
		return ""
	}
	table, err := gosym.NewTable(nil, gosym.NewLineTable(data, text.Addr))
	if err != nil {
		return ""
	}
	name, line, f := table.PCToLine(address)
	if f == nil {
		return ""
	}
	return fmt.Sprintf(" (%s, %s:%d)", f.Name, filepath.Base(name), line)
}
