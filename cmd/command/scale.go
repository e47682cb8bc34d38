package command

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"euryale/internal/cli"
	"euryale/internal/kernel/parallel"
	"euryale/models"
	"euryale/training"
)

// latency is that of a message between machines, of TCP on Ethernet.
const latency = 50 * time.Microsecond

// scaleOptions are the flags of the prediction for several machines.
type scaleOptions struct{ ranks, link string }

func (o *scaleOptions) declare(f *cli.Flags) {
	f.StringVar(&o.ranks, "ranks", "", "`N,M` predict speed on so many machines")
	f.StringVar(&o.link, "link", "10Gbit", "`RATE` their network (10Gbit)")
}

// counts returns the numbers of ranks, in the order given.
func (o *scaleOptions) counts() (counts []int, err error) {
	for text := range strings.SplitSeq(o.ranks, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || n < 1 {
			return nil, cli.Misusef("-ranks %s: want numbers of ranks, as 1,2,4", o.ranks)
		}
		counts = append(counts, n)
	}
	return counts, nil
}

// units are those of a link's rate, in bits per second.
var units = []struct {
	name string
	bits float64
}{{"gbit", 1e9}, {"mbit", 1e6}, {"kbit", 1e3}}

// rate returns the link's rate in bytes per second.
func (o *scaleOptions) rate() (float64, error) {
	text := strings.TrimSuffix(strings.ToLower(o.link), "/s")
	for _, u := range units {
		if number, ok := strings.CutSuffix(text, u.name); ok {
			if n, err := strconv.ParseFloat(strings.TrimSpace(number), 64); err == nil && n > 0 && n < 1e9 {
				return n * u.bits / 8, nil
			}
		}
	}
	return 0, cli.Misusef("-link %s: want a rate as 10Gbit or 100Mbit", o.link)
}

// predict measures two steps of some shards of configuration c, and prints what a run takes on
// several machines.
func (o *scaleOptions) predict(ctx context.Context, c training.Config, s streams) error {
	counts, err := o.counts()
	if err != nil {
		return err
	}
	rate, err := o.rate()
	if err != nil {
		return err
	}
	if _, isPredictor := c.Model.(models.Predictor); isPredictor {
		return cli.Misusef("-ranks: %s reads the text once, on one rank", c.ModelName)
	}
	small := training.ScaleConfig(c, parallel.Threads())
	fmt.Fprintf(s.err, "measuring steps of %d sequences in %d shards\n", small.Training.Batch, small.Training.Shards)
	r, err := new(training.Start).New(small, "", io.Discard)
	if err != nil {
		return err
	}
	defer r.Close()
	m, err := r.Measure(ctx, 1, 2)
	if err != nil {
		return err
	}
	scale, err := training.NewScale(c, m, r.Weights.All(), rate, latency)
	if err != nil {
		return err
	}
	return printScale(s.out, scale, counts, o.link)
}

// printScale prints a prediction for each number of ranks.
func printScale(w io.Writer, s *training.Scale, counts []int, link string) error {
	t := s.Config.Training
	fmt.Fprintf(w, "\npredicted for machines like this one (%d threads; %.3g ms for the passes of a sequence), links of %s:\nupdates of %d × %d sequences in %d shards\n",
		parallel.Threads(), s.Sequence.Seconds()*1e3, link, t.Accumulate, t.Batch, s.MaxRanks())
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "ranks\tstep\ttokens/s\tcommunication\tefficiency\tmemory of a rank\t")
	for _, n := range counts {
		if n > s.MaxRanks() {
			fmt.Fprintf(table, "%d\tmore ranks than shards: set training.shards and training.batch to %d or more\t\n", n, n)
			continue
		}
		p := s.At(n)
		fmt.Fprintf(table, "%d\t%s\t%.0f\t%.0f%%\t%.0f%%\t%.2f GB\t\n", n, short(p.Step), p.Tokens,
			100*p.Communicate.Seconds()/p.Step.Seconds(), 100*p.Efficiency, float64(p.Memory)/1e9)
	}
	return table.Flush()
}

// short is a duration with three digits.
func short(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%.3g ms", d.Seconds()*1e3)
	}
	return fmt.Sprintf("%.3g s", d.Seconds())
}
