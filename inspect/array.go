package inspect

// Array is the value of a tap over a text.
type Array struct {
	Name  string
	Shape []int // (T, D), or (T, H, D/H) with heads; attention weights and scores are (T, H, C)
	Data  []float32
	Rows  string // "text", "source" or "sequence": what the T rows are
	Keys  string // "text" or "source": what the C columns are; empty: they are no tokens
}

// Row returns the numbers of row t. It shares their memory.
func (a *Array) Row(t int) []float32 {
	w := a.Width()
	return a.Data[t*w : (t+1)*w]
}

// Head returns the numbers of head h of row t. It shares their memory.
func (a *Array) Head(t, h int) []float32 {
	w := a.Shape[2]
	return a.Row(t)[h*w : (h+1)*w]
}

// Width returns the numbers of a row.
func (a *Array) Width() int {
	w := 1
	for _, n := range a.Shape[1:] {
		w *= n
	}
	return w
}

// MeanRow returns the mean of the rows.
func (a *Array) MeanRow() []float32 {
	sum := make([]float64, a.Width())
	for t := range a.Shape[0] {
		for i, x := range a.Row(t) {
			sum[i] += float64(x)
		}
	}
	mean := make([]float32, len(sum))
	for i, x := range sum {
		mean[i] = float32(x / float64(a.Shape[0]))
	}
	return mean
}

// Values are the values of taps over a text.
type Values struct {
	Tokens, SourceTokens []int
	Text, Source         []string // the tokens as text
	Names                []string // of the taps, sorted
	Arrays               map[string]*Array
}

// Get returns the value of a tap, or nil if it was not read.
func (v *Values) Get(name string) *Array { return v.Arrays[name] }
