package mpi

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// daemons are the processes of launchers that start ranks: of Open MPI 4 and 5, of MPICH,
// and of Slurm. Names are cut to 15 characters.
var daemons = []string{"mpirun", "mpirun.openmpi", "orterun", "orted", "prterun", "prted", "hydra_pmi_proxy", "slurmstepd"}

// masks returns the cores that this process may use, and how many the process may use that
// has started it: the nearest daemon of a launcher above it, which may be some shells away.
func masks() (mask string, launcher int) {
	mine, _ := status("self")
	mask = mine["Cpus_allowed_list"]
	for s := mine; ; {
		var err error
		if s, err = status(s["PPid"]); err != nil {
			return mask, 0
		}
		if slices.Contains(daemons, s["Name"]) {
			return mask, countCores(s["Cpus_allowed_list"])
		}
	}
}

// status returns the fields of /proc/PID/status.
func status(pid string) (map[string]string, error) {
	if pid == "0" || pid == "" {
		return nil, fmt.Errorf("no process has the id %q", pid)
	}
	text, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		return nil, err
	}
	fields := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		fields[name] = strings.TrimSpace(value)
	}
	return fields, nil
}

// countCores returns how many cores a list such as "0-3,8" names.
func countCores(list string) (n int) {
	for part := range strings.SplitSeq(list, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, err1 := strconv.Atoi(first)
		to, err2 := strconv.Atoi(last)
		if err1 == nil && err2 == nil {
			n += to - from + 1
		}
	}
	return n
}
