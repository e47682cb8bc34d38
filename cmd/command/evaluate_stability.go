package command

import (
	"fmt"

	"euryale/experiment"
)

// printStability prints how much the final loss depends on seed, order of batches, precision and shards. With
// -run it is kept for the card of that run.
func (o *evaluateOptions) printStability(s streams) error {
	st, err := experiment.MeasureStability(o.stability)
	if err != nil {
		return err
	}
	if o.run != "" {
		if err := st.Describes(o.run); err != nil {
			return err
		}
	}
	if o.format == "json" {
		err = printJSON(s.out, st)
	} else {
		_, err = fmt.Fprint(s.out, st)
	}
	if o.run != "" {
		o.keep(st.Section(o.command()), s.err)
	}
	return err
}
