package training

import (
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/models"
)

// eachKey calls f with every key of a configuration and its field.
func eachKey(c *Config, f func(key string, field reflect.Value)) {
	for section, values := range c.sections() {
		v := reflect.ValueOf(values).Elem()
		for _, field := range reflect.VisibleFields(v.Type()) {
			if isKey(field) {
				f(section+"."+tomlName(field), v.FieldByIndex(field.Index))
			}
		}
	}
}

// allValues returns the values of all keys.
func allValues(c *Config) map[string]any {
	vs := map[string]any{"model.name": c.ModelName}
	eachKey(c, func(key string, f reflect.Value) { vs[key] = f.Interface() })
	return vs
}

// valuesFor returns extreme and random values for a field.
func valuesFor(f reflect.Value, rng *rand.Rand) (vs []any) {
	switch {
	case f.CanInt():
		return []any{int64(0), int64(1), int64(-1), int64(math.MaxInt64), int64(math.MinInt64), rng.Int64(), -rng.Int64()}
	case f.CanUint():
		return []any{uint64(0), uint64(1), uint64(math.MaxInt64), uint64(math.MaxInt64) + 1, uint64(math.MaxUint64), rng.Uint64()}
	case f.CanFloat():
		return []any{0.0, math.Copysign(0, -1), 1.0, -1.0, 1e22, 1e-5, math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, 1 << 53, 1<<53 + 2,
			math.NaN(), math.Inf(1), math.Inf(-1), math.Float64frombits(rng.Uint64()), rng.NormFloat64()}
	case f.Kind() == reflect.Bool:
		return []any{true, false}
	case f.Kind() == reflect.String:
		letters := []rune("a\"'\\\n\r\t\x00\a\v\x7f#=[].\u200b\u2028\ufeff好🙂 ")
		var random []rune
		for range 8 {
			random = append(random, letters[rng.IntN(len(letters))])
		}
		return []any{"", string(letters), string(random), "\xff", "a\xc3", "1", "true", "nan", "inf", "2024-01-01", "1 # 2", `"""`, "1\nx = 2"}
	}
	if f.Type() == reflect.TypeFor[[]string]() {
		return []any{[]string{}, []string{"a # b", "* lr=0.5"}, []string{"\xff"}}
	}
	panic("no values for " + f.Type().String())
}

// Any value of any key is read again as it was written, or Check refuses it by its name.
func TestEveryValueIsReadAsItWasWritten(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	path := filepath.Join(t.TempDir(), "c.toml")
	refused := 0
	for _, name := range models.Names() {
		c, err := Parse("", []string{"model.name=" + name})
		require.NoError(t, err)
		eachKey(&c, func(key string, f reflect.Value) {
			if name != models.Names()[0] && !strings.HasPrefix(key, "model.") {
				return // the other keys are the same for all models
			}
			was := reflect.ValueOf(f.Interface())
			for _, v := range valuesFor(f, rng) {
				f.Set(reflect.ValueOf(v).Convert(f.Type()))
				var wrong *keyError
				if err := c.Check(); errors.As(err, &wrong) {
					item, _, _ := strings.Cut(wrong.key, "[") // of a list
					assert.Equal(t, key, item)
					assert.Contains(t, wrong.text, key)
					refused++
					continue
				}
				require.NoError(t, os.WriteFile(path, []byte(c.String()), 0o666))
				again, err := Parse(path, nil)
				if assert.NoError(t, err, "%s = %v", key, v) {
					assert.Equal(t, allValues(&c), allValues(&again), "%s = %v", key, v)
				}
			}
			f.Set(was)
		})
	}
	assert.Greater(t, refused, 50)
}

// A value that -set takes is the one that is meant, and can be written: text needs no
// quotes, whatever it looks like.
func TestEverySettingIsReadAsItWasTyped(t *testing.T) {
	for _, text := range []string{"1", "true", "2024-01-01", "1e5", "nan", "[1]", "1 # 2", "1\nx = 2", "\a\v\x7f", "a\u200b好", `"1"`, "a=b"} {
		c, err := Parse("", []string{"data.name=" + text})
		require.NoError(t, err, text)
		want := text
		if text == `"1"` {
			want = "1"
		}
		assert.Equal(t, want, c.Data.Name)
		assert.NoError(t, c.Check(), text)
	}
	_, err := Parse("", []string{"data.name=\xff"})
	assert.ErrorContains(t, err, `data.name is "\xff", want text in UTF-8`)
	c, err := Parse("", []string{"optimizer.lr=1", "training.seed=9223372036854775807", "optimizer.clip=9007199254740993"})
	require.NoError(t, err)
	assert.Equal(t, 1.0, c.Optimizer.LR)
	assert.Equal(t, uint64(math.MaxInt64), c.Training.Seed)
	assert.Equal(t, 9007199254740992.0, c.Optimizer.Clip)
}

// A value of a wrong type is refused in the user's words, and by its line if it is in a
// file.
func TestWrongTypes(t *testing.T) {
	for _, x := range []struct{ key, value, want string }{
		{"training.steps", `"2000"`, `training.steps is "2000", want a whole number`},
		{"training.steps", `2.5`, `training.steps is 2.5, want a whole number`},
		{"training.steps", `true`, `training.steps is true, want a whole number`},
		{"training.seed", `-1`, `training.seed is -1, want a whole number, 0 or more`},
		{"data.seed", `-1`, `data.seed is -1, want a whole number, 0 or more`},
		{"optimizer.lr", `"fast"`, `optimizer.lr is "fast", want a number`},
		{"optimizer.lr", `nan`, `optimizer.lr is NaN, want a number`},
		{"model.bias", `1`, `model.bias is 1, want true or false`},
		{"model.nothing", `1`, `there is no key model.nothing`},
		{"model.name", `"gtp"`, `no model is called "gtp"`},
		{"trainin.steps", `1`, `there is no section "trainin": did you mean "training"?`},
		{"training.steps", "99999999999999999999", "training.steps is 99999999999999999999, want a whole number of at most 9223372036854775807"},
	} {
		c, err := Parse("", []string{x.key + "=" + x.value})
		if err == nil {
			err = c.Check()
		}
		assert.ErrorContains(t, err, x.want)
	}
	path := filepath.Join(t.TempDir(), "my.toml")
	for text, want := range map[string]string{
		"# mine\n\n[training]\n# how long\nbatch = 4\n\nsteps = \"2000\"\n": `:7: training.steps is "2000", want a whole number`,
		"[data]\nsplit = 0.9\nname = 5\n":                                   ":3: data.name is 5, want text in quotes",
		"[model]\nname = \"gpt\"\nlayer = 5\n":                              ":3: there is no key model.layer",
		"[model]\nname = \"gtp\"\n":                                         `:2: no model is called "gtp"`,
		"training.steps = [1]\n":                                            ":1: training.steps is [1], want a whole number",
		"[training.steps]\nx = 1\n":                                         ":1: training.steps is a table, want a whole number",
		"\n[trainin]\nsteps = 1\n":                                          `:2: there is no section "trainin"`,
		"\nsteps = 1\n":                                                     `:2: "steps" is outside a section`,
		"[[training]]\nsteps = 1\n":                                         `:1: "training" is outside a section`,
		"[training]\nsteps = \n":                                            ":2: ",
		"[training]\nseed = 18446744073709551615\n":                         ":2: 18446744073709551615 is out of range",
	} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
		_, err := Parse(path, nil)
		assert.ErrorContains(t, err, path+want, text)
	}
	require.NoError(t, os.WriteFile(path, []byte("[training]\nsteps = 1\n"), 0o666))
	_, err := Parse(path, []string{"training.steps=x"})
	assert.EqualError(t, err, `training.steps is "x", want a whole number`, "the line is not at fault")
}
