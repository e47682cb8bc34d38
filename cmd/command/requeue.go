package command

import (
	"fmt"

	"euryale/internal/ranks"
	"euryale/training/rundir"
)

// beginMissing makes -resume with -config or -init begin a run that does not exist, or was never
// saved, so that one command serves a job that a scheduler starts again. If the run exists, it
// continues, and neither flag is used. Rank 0 decides for all.
func (o *trainOptions) beginMissing(s streams) error {
	if o.resume == "" || o.out != "" || o.config == "" && o.init == "" || o.check || o.describe || o.profile || o.graph.file != "" {
		return nil
	}
	var err error
	exists := []int64{1}
	if s.ranks.Rank() == 0 && !rundir.Holds(o.resume, rundir.State) && !rundir.Holds(o.resume, rundir.Weights) {
		exists[0] = 0
		if rundir.Holds(o.resume, rundir.Config) {
			err = rundir.Forget(o.resume)
		}
	}
	if err := ranks.Agree(s.ranks, err); err != nil {
		return err
	}
	if err := ranks.Broadcast(s.ranks, exists, 0); err != nil {
		return err
	}
	if exists[0] == 0 {
		fmt.Fprintf(s.err, "%s was never saved: this run begins it\n", o.resume)
		o.out, o.resume = o.resume, ""
		return nil
	}
	fmt.Fprintf(s.err, "%s continues as it was begun: -config and -init are those of a new run\n", o.resume)
	o.config, o.init = "", ""
	return nil
}
