package task

// Config holds the keys of the [data] section that tasks depend on, with defaults filled in.
// data.Config describes them.
type Config struct {
	Task          string
	Encoder       bool
	Source        string
	Target        string
	Key           string
	Reply         string
	Tag           string // of a part of a mixture; else empty
	LearnSource   bool
	LengthControl bool
	WordDropout   float64
	UnknownWords  int
	MaxSource     int
	SourceKeep    string // what is kept of a source that is too long: a Keep constant, "" is KeepStart

	Split   float64 // fraction of the rows for training
	Test    float64 // fraction of the rows for the test part
	Invalid string
	Ragged  string
}

// SmallestContext is the smallest context length, in tokens, for a source and an answer.
const SmallestContext = 16

// HasRows reports whether the task reads the rows of a table rather than running text.
func (c Config) HasRows() bool { return c.Task != "lm" && c.Task != "mask" || c.Target != "" }
