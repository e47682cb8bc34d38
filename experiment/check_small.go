package experiment

import (
	"reflect"

	"euryale/models"
)

// Sizes of a reduced model: different primes where they are free, so that a swapped axis fails.
const (
	smallVocab   = 13
	smallContext = 16
	smallHidden  = 14
	smallHead    = 4 // columns of a head: rotary positions rotate pairs
	smallLayers  = 2
)

// shrink returns a copy of m with smaller sizes, and with dropout if it has a setting of that
// name, or m itself if it cannot be reduced: its settings are those of toml keys.
func shrink(m models.Model) models.Model {
	if _, counts := m.(models.Predictor); counts {
		return m
	}
	for _, reduce := range []func(f fields){reduceAll, reduceLengths} {
		c, f := copyOf(m)
		if c == nil {
			return m
		}
		reduce(f)
		if c.Check() != nil {
			continue
		}
		if _, err := models.Parameters(c); err == nil {
			return c
		}
	}
	return m
}

// fields are the settings of a model by toml key.
type fields map[string]reflect.Value

// copyOf returns a copy of m and its fields, or nil if the copy would share its sizes with m.
func copyOf(m models.Model) (models.Model, fields) {
	v := reflect.ValueOf(m)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		return nil, nil
	}
	n := reflect.New(v.Elem().Type())
	n.Elem().Set(v.Elem())
	c := n.Interface().(models.Model)
	if c.Common() == m.Common() {
		return nil, nil
	}
	f := fields{}
	f.add(n.Elem())
	return c, f
}

func (f fields) add(v reflect.Value) {
	for i := range v.NumField() {
		at := v.Type().Field(i)
		if at.Anonymous && at.Type.Kind() == reflect.Struct {
			f.add(v.Field(i))
		} else if key := at.Tag.Get("toml"); key != "" && v.Field(i).CanSet() {
			f[key] = v.Field(i)
		}
	}
}

// get returns an integer setting, 0 if there is none.
func (f fields) get(key string) int {
	if v, ok := f[key]; ok && v.CanInt() {
		return int(v.Int())
	}
	return 0
}

// atMost lowers an integer setting to n.
func (f fields) atMost(key string, n int) {
	if v := f.get(key); v > n {
		f[key].SetInt(int64(n))
	}
}

// reduceLengths reduces what no other setting depends on.
func reduceLengths(f fields) {
	f.atMost("vocab", smallVocab)
	f.atMost("context", smallContext)
	f.atMost("source_context", smallContext)
	f.atMost("max_len", smallContext+1)
	f.atMost("layers", smallLayers)
	if v, ok := f["dropout"]; ok && v.CanFloat() && v.Float() == 0 {
		v.SetFloat(0.25)
	}
}

// reduceAll reduces the columns too.
func reduceAll(f fields) {
	reduceLengths(f)
	dim, hidden := f.get("dim"), f.get("hidden")
	heads := max(1, f.get("heads"))
	if head := dim / heads; head > smallHead {
		f.atMost("dim", heads*smallHead)
	}
	switch {
	case hidden == dim:
		f.atMost("hidden", f.get("dim"))
	default:
		f.atMost("hidden", smallHidden)
	}
}
