package mpi

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strings"

	"euryale/internal/ranks"
)

// Place is where a rank runs.
type Place struct {
	Host     string
	Mask     string // cores that the rank may use, as "0-3"; "" if the system does not say
	Threads  int    // that the rank computes with: what it was given, or 0
	Cores    int    // how many the mask has
	Launcher int    // cores that the rank's launcher may use on this host; 0: unknown
}

// Places are those of all ranks, by rank.
type Places []Place

// FindPlaces gathers the places of all ranks. threads is what this rank was told to compute
// with; 0 means its fair share of the cores: those of its mask, divided by the ranks that
// have the same mask on the same host.
func FindPlaces(g ranks.Group, threads int) (Places, error) {
	mine := here()
	mine.Threads = threads
	text, err := json.Marshal(mine)
	if err != nil {
		return nil, err
	}
	texts, err := ranks.Gather(g, text)
	if err != nil {
		return nil, err
	}
	places := make(Places, len(texts))
	for r, text := range texts {
		if err := json.Unmarshal(text, &places[r]); err != nil {
			return nil, fmt.Errorf("place of rank %d: %w", r, err)
		}
	}
	places.share()
	return places, nil
}

// here returns the place of this process.
func here() Place {
	p := Place{Host: hostName(), Cores: runtime.GOMAXPROCS(0)}
	p.Mask, p.Launcher = masks()
	return p
}

// hostName returns the name of this host, or "", which makes all ranks neighbours.
func hostName() string {
	name, _ := os.Hostname()
	return name
}

// share sets the threads of ranks that were not given a number.
func (p Places) share() {
	type group struct{ host, mask string }
	n := map[group]int{}
	for _, place := range p {
		n[group{place.Host, place.Mask}]++
	}
	for r, place := range p {
		if place.Threads == 0 {
			p[r].Threads = max(1, place.Cores/n[group{place.Host, place.Mask}])
		}
	}
}

// Describe returns how many ranks there are and on what, as
// "4 ranks (Open MPI 4.1.4), 2 threads each".
func (p Places) Describe(library string) string {
	least, most, hosts := p[0].Threads, p[0].Threads, map[string]bool{}
	for _, place := range p {
		least, most = min(least, place.Threads), max(most, place.Threads)
		hosts[place.Host] = true
	}
	text := plural(len(p), "rank") + " (" + library + ")"
	if len(hosts) > 1 {
		text += fmt.Sprintf(" on %d hosts", len(hosts))
	}
	if least != most {
		return fmt.Sprintf("%s, %d to %d threads each", text, least, most)
	}
	return text + ", " + plural(least, "thread") + " each"
}

// Warning says which ranks are bound to fewer cores than their share of what the launcher
// has, and what to do about it; "" if none is.
func (p Places) Warning() string {
	local := map[string]int{}
	for _, place := range p {
		local[place.Host]++
	}
	var bound []int
	for r, place := range p {
		if place.Cores < place.Launcher/local[place.Host] {
			bound = append(bound, r)
		}
	}
	if len(bound) == 0 {
		return ""
	}
	first := p[bound[0]]
	who, verb := fmt.Sprintf("rank %d is", bound[0]), "it could use"
	if len(bound) > 1 {
		who, verb = fmt.Sprintf("ranks %s are", list(bound)), "each could use"
	}
	return fmt.Sprintf("%s bound to %s, and %s %d: start with mpirun --bind-to none (srun: --cpu-bind=none)",
		who, plural(first.Cores, "core"), verb, first.Launcher/local[first.Host])
}

// list lists up to four numbers, and says how many more there are.
func list(numbers []int) string {
	var text []string
	for i, n := range numbers {
		if i == 4 {
			return fmt.Sprintf("%s and %d more", strings.Join(text, ", "), len(numbers)-4)
		}
		text = append(text, fmt.Sprint(n))
	}
	return strings.Join(text, ", ")
}

func plural(n int, of string) string {
	if n == 1 {
		return "1 " + of
	}
	return fmt.Sprintf("%d %ss", n, of)
}
