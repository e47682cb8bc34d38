package ranks

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
)

// Trait is something that all ranks must have alike.
type Trait struct{ Name, Value string }

// ProgramTraits are those of the program: a hash of its file, and the version of Go.
func ProgramTraits() []Trait {
	return []Trait{{"the program", programHash()}, {"Go", runtime.Version() + " for " + runtime.GOOS + "/" + runtime.GOARCH}}
}

// programHash returns a hash of the file of this program.
var programHash = sync.OnceValue(func() string {
	path, err := os.Executable()
	if err != nil {
		return "unknown"
	}
	f, err := os.Open(path)
	if err != nil {
		return "unknown"
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "unknown"
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:8])
})

// CheckSame compares the traits of all ranks, and returns an error, the same on all, that says which
// rank differs from rank 0 first, and in what. Causes of differences come first in traits.
func CheckSame(g Group, traits []Trait) error {
	if g.Size() == 1 {
		return nil
	}
	mine, err := json.Marshal(traits)
	if err != nil {
		return err
	}
	all, err := Gather(g, mine)
	if err != nil {
		return err
	}
	var first []Trait
	for rank, text := range all {
		var traits []Trait
		if err := json.Unmarshal(text, &traits); err != nil {
			return &Agreed{Rank: rank, Size: g.Size(), Text: "it is another version of the program: give all ranks the same"}
		}
		if rank == 0 {
			first = traits
		}
		if what := difference(traits, first); what != "" {
			return &Agreed{Rank: rank, Size: g.Size(), Text: what}
		}
	}
	return nil
}

// difference returns what differs first between a rank and rank 0, or "".
func difference(traits, first []Trait) string {
	for i := range min(len(traits), len(first)) {
		if t, want := traits[i], first[i]; t.Name != want.Name {
			return fmt.Sprintf("it has %s where rank 0 has %s: give all ranks the same program and configuration", t.Name, want.Name)
		} else if t.Value != want.Value {
			return fmt.Sprintf("%s is %s, and that of rank 0 is %s: give all ranks the same", t.Name, t.Value, want.Value)
		}
	}
	if len(traits) != len(first) {
		return "its configuration has other keys than that of rank 0: give all ranks the same program and configuration"
	}
	return ""
}
