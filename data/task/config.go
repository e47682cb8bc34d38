package task

// Config is what a task needs of the [data] section; data.Config describes the keys. Defaults are
// filled in.
type Config struct {
	Task          string
	Encoder       bool
	Source        string
	Target        string
	Key           string
	Reply         string
	LearnSource   bool
	LengthControl bool
	MaxSource     int

	Split   float64 // share of the rows for training
	Invalid string
	Ragged  string
}

// SmallestContext is the least number of tokens in which a source and an answer make sense.
const SmallestContext = 16

// HasRows tells whether the task reads rows rather than running text.
func (c Config) HasRows() bool { return c.Task != "lm" && c.Task != "mask" || c.Target != "" }
