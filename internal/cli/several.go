package cli

import (
	"flag"
	"strings"
)

// Several makes a flag that may be repeated take all values up to the next flag: -compare A B is
// -compare A -compare B.
func (f *Flags) Several(name string) { f.several[name] = true }

// spread repeats the flags of Several before each of their values.
func (f *Flags) spread(args []string) (all []string) {
	name, first := "", false // the flag whose values are read, and whether its first is next
	for _, arg := range args {
		switch {
		case first:
			first = false
		case strings.HasPrefix(arg, "-") && len(arg) > 1:
			name = strings.TrimLeft(arg, "-")
			if !f.several[name] {
				name = ""
			}
			first = name != ""
		case name != "":
			all = append(all, "-"+name)
		}
		all = append(all, arg)
	}
	return all
}

// Given reports whether a flag was given.
func (f *Flags) Given(name string) (given bool) {
	f.Visit(func(g *flag.Flag) { given = given || g.Name == name })
	return given
}
