package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"euryale/internal/kernel/matmul"
	"euryale/internal/kernel/parallel"
)

// module is the path of this module.
const module = "euryale"

// Version returns the version of this project and of Go, the platform, and what does the
// arithmetic on this machine.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	return fmt.Sprintf("%s %s, %s, %s/%s\n%s", module, versionOf(info), runtime.Version(), runtime.GOOS, runtime.GOARCH, arithmetic())
}

// versionOf returns the module's version in a build, which may be that of another module
// that imports it, and the revision if it is known.
func versionOf(info *debug.BuildInfo) string {
	m := info.Main
	for _, d := range info.Deps {
		if d.Path == module {
			if m = *d; d.Replace != nil {
				m = *d.Replace
			}
		}
	}
	version, revision, changed := m.Version, "", ""
	if version == "" || version == "(devel)" {
		version = "devel"
	}
	for _, s := range info.Settings {
		switch {
		case info.Main.Path != module: // it is the other module's
		case s.Key == "vcs.revision":
			revision = " (git " + s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = ", changed since"
		}
	}
	if revision == "" {
		return version
	}
	return version + revision + changed + ")"
}

// arithmetic returns which implementation multiplies matrices, on how many threads, and how
// to get a faster one.
func arithmetic() string {
	tier := matmul.Tier()
	text := fmt.Sprintf("arithmetic: %s (%s), %d threads\n", tier.Name, tier.Detail, parallel.Threads())
	if tier.Hint != "" {
		text += fmt.Sprintf("  hint: %s\n", tier.Hint)
	}
	return text
}
