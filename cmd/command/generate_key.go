package command

import (
	"fmt"
	"strconv"
	"strings"

	"euryale/generation/watermark"
	"euryale/internal/cli"
)

// declareNewKey adds the flags that make the key of a watermark.
func (o *generateOptions) declareNewKey() {
	o.Group("Keys of watermarks", func() {
		o.StringVar(&o.newKey, "new-key", "", "`FILE` make a secret key for -watermark, and generate nothing")
		o.StringVar(&o.keyMethod, "key-method", "", "`SPEC` green-list or tournament, as \"green-list context=4 gamma=0.25 delta=2\" (tournament context=4 layers=30)")
		o.Join("new-key", "key-method")
	})
}

// makeKey writes a new key to a file.
func (o *generateOptions) makeKey(s streams) error {
	if o.newKey == "" {
		return cli.Misusef("-key-method %s says which key -new-key makes: give -new-key FILE", o.keyMethod)
	}
	if err := o.Only("new-key", "key-method"); err != nil {
		return err
	}
	key, err := keyBySpec(o.keyMethod)
	if err != nil {
		return cli.Misusef("-key-method %q: %w", o.keyMethod, err)
	}
	if err := key.Write(o.newKey); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "%s: a key of %s; who can read it can find the watermark and forge it\n", o.newKey, key)
	return err
}

// keyBySpec returns a new key of a method and its parameters, separated by spaces or commas.
func keyBySpec(spec string) (*watermark.Key, error) {
	words := strings.FieldsFunc(spec, func(r rune) bool { return r == ' ' || r == ',' })
	if len(words) == 0 {
		words = []string{watermark.Tournament}
	}
	key, err := watermark.New(words[0])
	if err != nil {
		return nil, err
	}
	for _, word := range words[1:] {
		name, value, _ := strings.Cut(word, "=")
		switch name {
		case "context":
			key.Context, err = strconv.Atoi(value)
		case "layers":
			key.Layers, err = strconv.Atoi(value)
		case "gamma":
			key.Gamma, err = strconv.ParseFloat(value, 64)
		case "delta":
			key.Delta, err = strconv.ParseFloat(value, 64)
		default:
			return nil, fmt.Errorf("%q, want context=, gamma= and delta= of a %s, or context= and layers= of a %s", word, watermark.GreenList, watermark.Tournament)
		}
		if err != nil {
			return nil, fmt.Errorf("%q: %s takes a number", word, name)
		}
	}
	return key, key.Check()
}
