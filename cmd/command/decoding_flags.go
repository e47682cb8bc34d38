package command

import (
	"fmt"
	"strconv"
	"strings"

	"euryale/data/tokenizer"
	"euryale/generation"
	"euryale/generation/watermark"
	"euryale/internal/cli"
)

// decoding are the flags of strategies and processors whose values are read when all flags are known.
type decoding struct {
	settings   generation.Settings
	stop       cli.List
	processors string   // names, separated by commas; "show" prints the chain
	decay      string   // START,FACTOR
	bias       cli.List // TOKEN:BIAS
	suppress   cli.List // TOKEN
	force      cli.List // PLACE:TOKEN
	badWords   cli.List // texts
	watermark  string   // file of a key
}

// showChain is the value of -processors that prints the chain and ends.
const showChain = "show"

// declareDecoding adds the flags that say how a text is generated.
func (o *generateOptions) declareDecoding() {
	o.Group("Length", o.declareLengths)
	o.Group("Strategy (sampling if none is given)", o.declareStrategies)
	o.Group("Sampling", o.declareSampling)
	o.Group("Other changes of the logits", o.declareProcessors)
}

func (o *generateOptions) declareLengths() {
	s := &o.settings
	o.IntVar(&s.Tokens, "tokens", 200, "`N` most tokens of a continuation (200)")
	o.IntVar(&s.MinTokens, "min-tokens", 0, "`N` no end before N tokens (0)")
	o.DurationVar(&s.MaxTime, "max-time", 0, "`D` most time for a prompt, as 5s (0: no limit)")
	o.Var(&o.stop, "stop", "`TEXT` end before TEXT; may be repeated")
	o.IntVar(&o.samples, "samples", 1, "`N` continuations of each prompt (1)")
	o.Uint64Var(&s.Seed, "seed", 1, "`N` random seed (1)")
	o.Join("tokens", "min-tokens")
}

func (o *generateOptions) declareStrategies() {
	s := &o.settings
	o.IntVar(&s.Beams, "beam", 0, "`N` beam search of width N; 1 is greedy (0: off)")
	o.BoolVar(&s.BeamSample, "beam-sample", false, "sample the tokens of beams")
	o.BoolVar(&s.EarlyStop, "early-stop", false, "end a beam search once N texts have ended")
	o.Float64Var(&s.LengthPenalty, "length-penalty", 1, "`X` divide a beam's log-probability by its length to the power X (1)")
	o.Float64Var(&s.CoveragePenalty, "coverage-penalty", 0, "`X` weight of parts of the source that no token attends to (0)")
	o.IntVar(&s.BestOf, "best-of", 0, "`N` sample N texts, print the most likely (0: off)")
	o.IntVar(&s.MBR, "mbr", 0, "`N` sample N texts, print the one most like the others by chrF (0: off)")
	o.Float64Var(&s.Guidance, "guidance", 1, "`X` multiply what the prompt's text changes about the logits; 1: off (1)")
	o.declareGuesses(o.Flags)
}

func (o *generateOptions) declareSampling() {
	s := &o.settings
	o.Float64Var(&s.Temperature, "temperature", 0.8, "`T` softmax temperature; 0 is greedy (0.8)")
	o.IntVar(&s.TopK, "top-k", 0, "`K` only the K most likely tokens (0: off)")
	o.Float64Var(&s.TopP, "top-p", 0.95, "`P` only the smallest set of probability P (0.95; 0: off)")
	o.Float64Var(&s.MinP, "min-p", 0, "`P` only tokens at least P times as likely as the first (0: off)")
	o.Float64Var(&s.Typical, "typical", 0, "`P` only locally typical tokens of probability P (0: off)")
	o.Float64Var(&s.Epsilon, "epsilon", 0, "`P` only tokens of probability P or more (0: off)")
	o.Float64Var(&s.Eta, "eta", 0, "`P` epsilon sampling, with a lower limit where entropy is high (0: off)")
}

func (o *generateOptions) declareProcessors() {
	s := &o.settings
	o.Float64Var(&s.RepetitionPenalty, "repetition-penalty", 1, "`X` divide the logits of tokens seen before by X (1: off)")
	o.Float64Var(&s.FrequencyPenalty, "frequency-penalty", 0, "`X` subtract X for each time that a token was generated (0: off)")
	o.Float64Var(&s.PresencePenalty, "presence-penalty", 0, "`X` subtract X from tokens that were generated (0: off)")
	o.IntVar(&s.NoRepeat, "no-repeat", 0, "`N` no sequence of N tokens occurs twice (0: off)")
	o.StringVar(&o.decay, "length-decay", "", "`START,F` after START tokens, raise the end's logit by a factor F a token")
	o.Var(&o.bias, "logit-bias", "`TOKEN:X` add X to a token's logit; may be repeated")
	o.Var(&o.force, "force", "`N:TOKEN` token N is TOKEN; may be repeated")
	o.Var(&o.suppress, "suppress", "`TOKEN` never choose TOKEN; may be repeated")
	o.Var(&o.badWords, "bad-words", "`TEXT` never generate the tokens of TEXT; may be repeated")
	o.StringVar(&o.watermark, "watermark", "", "`FILE` mark texts with the key of FILE: see -new-key, evaluate -detect")
	o.StringVar(&o.processors, "processors", "", "`LIST` order of all these options of logits; show: print it")
}

// checkDecoding reads the values of the flags of decoding that need no tokenizer, and returns what
// contradicts what.
func (o *generateOptions) checkDecoding() error {
	if err := o.checkStrategy(); err != nil {
		return err
	}
	s := &o.settings
	s.Stop = o.stop
	if o.decay != "" {
		if _, err := fmt.Sscanf(o.decay, "%d,%g", &s.LengthDecay.Start, &s.LengthDecay.Factor); err != nil || s.LengthDecay.Factor <= 0 {
			return cli.Misusef("-length-decay %s: want START,F, a number of tokens and a factor above 0, as 100,1.05", o.decay)
		}
	}
	for _, text := range o.bias {
		if _, _, err := cutBias(text); err != nil {
			return err
		}
	}
	for _, text := range o.force {
		if _, _, err := cutPlace(text); err != nil {
			return err
		}
	}
	if o.watermark != "" {
		var err error
		if s.Watermark, err = watermark.Read(o.watermark); err != nil {
			return fmt.Errorf("-watermark: %w", err)
		}
	}
	o.order()
	if err := s.Check(); err != nil {
		return &cli.Usage{Err: err}
	}
	return nil
}

// checkStrategy refuses options that the strategy has no use for.
func (o *generateOptions) checkStrategy() error {
	s := o.settings
	strategy := ""
	switch {
	case s.Beams == 1:
		strategy = "-beam 1 is greedy"
	case s.Beams > 1 && !s.BeamSample:
		strategy = fmt.Sprintf("-beam %d without -beam-sample does not sample", s.Beams)
	case s.Beams == 0 && s.Temperature == 0:
		strategy = "-temperature 0 is greedy"
	}
	for _, name := range []string{"temperature", "top-k", "top-p", "min-p", "typical", "epsilon", "eta"} {
		value := o.Lookup(name).Value.String()
		off := value == "0" || value == "1" && (name == "top-p" || name == "typical")
		if strategy != "" && o.Given(name) && !off {
			return cli.Misusef("-%s %s is of sampling, and %s: leave one of them out", name, value, strategy)
		}
	}
	for _, name := range []string{"length-penalty", "coverage-penalty", "early-stop"} {
		if o.Given(name) && s.Beams < 2 {
			return cli.Misusef("-%s is of beam search: set -beam to 2 or more", name)
		}
	}
	for name, n := range map[string]int{"beam": s.Beams, "best-of": s.BestOf, "mbr": s.MBR} {
		switch {
		case n > 0 && o.samples > n:
			return cli.Misusef("-samples %d of -%s %d: want at most as many", o.samples, name, n)
		case (n > 1 || n == 1 && name != "beam") && o.stream && o.Given("stream"):
			return cli.Misusef("-stream prints a text while it is generated, and -%s %d chooses among finished texts: leave one of them out", name, n)
		}
	}
	return nil
}

// order sets the order of the processors. Those that are on by default and that -processors does not name
// are turned off.
func (o *generateOptions) order() {
	if o.processors == "" || o.processors == showChain {
		return
	}
	s := &o.settings
	for _, name := range strings.Split(o.processors, ",") {
		if name = strings.TrimSpace(name); name == constraintName {
			o.constraints.place = len(s.Order)
			continue
		}
		s.Order = append(s.Order, name)
	}
	named := "," + strings.Join(s.Order, ",") + ","
	if !o.Given("temperature") && !strings.Contains(named, ",temperature,") {
		s.Temperature = 1
	}
	if !o.Given("top-p") && !strings.Contains(named, ",top-p,") {
		s.TopP = 0
	}
}

// cutBias cuts TOKEN:BIAS at its last colon.
func cutBias(text string) (token string, bias float64, err error) {
	i := strings.LastIndex(text, ":")
	if i > 0 {
		if bias, err = strconv.ParseFloat(text[i+1:], 64); err == nil {
			return text[:i], bias, nil
		}
	}
	return "", 0, cli.Misusef("-logit-bias %q: want TOKEN:X, a token or its number, and a number, as the:-2 or 262:-2", text)
}

// cutPlace cuts PLACE:TOKEN at its first colon.
func cutPlace(text string) (place int, token string, err error) {
	before, token, found := strings.Cut(text, ":")
	if place, err = strconv.Atoi(before); !found || err != nil || place < -1 || token == "" {
		return 0, "", cli.Misusef("-force %q: want N:TOKEN, the place of the token from 0, or -1 for the last, and a token or its number", text)
	}
	return place, token, nil
}

// resolve sets the settings that name tokens, by the tokenizer of the model.
func (o *generateOptions) resolve(tk tokenizer.Tokenizer) error {
	s := &o.settings
	for _, text := range o.bias {
		token, bias, err := cutBias(text)
		if err != nil {
			return err
		}
		id, err := tokenNamed(tk, "logit-bias", token)
		if err != nil {
			return err
		}
		if s.LogitBias == nil {
			s.LogitBias = map[int]float64{}
		}
		s.LogitBias[id] = bias
	}
	for _, token := range o.suppress {
		id, err := tokenNamed(tk, "suppress", token)
		if err != nil {
			return err
		}
		s.Ban = append(s.Ban, id)
	}
	for _, text := range o.force {
		place, token, err := cutPlace(text)
		if err != nil {
			return err
		}
		id, err := tokenNamed(tk, "force", token)
		if err != nil {
			return err
		}
		s.Force.Places, s.Force.IDs = append(s.Force.Places, place), append(s.Force.IDs, id)
	}
	for _, text := range o.badWords {
		for _, form := range []string{text, " " + text} { // within a line the space is part of the token
			ids, err := tk.Encode(form)
			if err == nil && len(ids) > 0 {
				s.BadWords = append(s.BadWords, ids)
			} else if form == text {
				return cli.Misusef("-bad-words %q has no tokens in the vocabulary of the model", text)
			}
		}
	}
	if err := s.Check(); err != nil {
		return &cli.Usage{Err: err}
	}
	return nil
}

// tokenNamed returns the token with a number, or whose text it is.
func tokenNamed(tk tokenizer.Tokenizer, flag, name string) (int, error) {
	if id, err := strconv.Atoi(name); err == nil {
		if id < 0 || id >= tk.Vocab() {
			return 0, cli.Misusef("-%s: there is no token %d: the vocabulary has %d, from 0", flag, id, tk.Vocab())
		}
		return id, nil
	}
	if id, ok := tk.Special(name); ok {
		return id, nil
	}
	ids, err := tk.Encode(name)
	if err != nil {
		return 0, cli.Misusef("-%s %q: %v", flag, name, err)
	}
	if len(ids) != 1 {
		return 0, cli.Misusef("-%s %q is %d tokens, %v: name one, or its number", flag, name, len(ids), ids)
	}
	return ids[0], nil
}
