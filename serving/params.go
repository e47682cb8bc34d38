package serving

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"euryale/generation"
)

// sampling are the parameters of a request that say how tokens are chosen: first OpenAI's, then those of
// generation.Settings by the names of generate's flags, with _ for -.
type sampling struct {
	Temperature      *float64           `json:"temperature"`
	TopP             *float64           `json:"top_p"`
	FrequencyPenalty *float64           `json:"frequency_penalty"`
	PresencePenalty  *float64           `json:"presence_penalty"`
	LogitBias        map[string]float64 `json:"logit_bias"`
	Seed             *int64             `json:"seed"`
	Stop             texts              `json:"stop"`

	TopK              int          `json:"top_k"`
	MinP              float64      `json:"min_p"`
	Typical           float64      `json:"typical"`
	Epsilon           float64      `json:"epsilon"`
	Eta               float64      `json:"eta"`
	RepetitionPenalty float64      `json:"repetition_penalty"`
	NoRepeat          int          `json:"no_repeat"`
	MinTokens         int          `json:"min_tokens"`
	LengthDecay       *lengthDecay `json:"length_decay"`
	MaxTime           float64      `json:"max_time"` // seconds
	BadWords          []string     `json:"bad_words"`
	Suppress          []int        `json:"suppress"`
	Force             map[int]int  `json:"force"`
	Processors        []string     `json:"processors"`

	constraints
	ignored
}

// lengthDecay is generation.LengthDecay.
type lengthDecay struct {
	Start  int     `json:"start"`
	Factor float64 `json:"factor"`
}

// ignored are parameters of OpenAI's that change nothing here.
type ignored struct {
	User              json.RawMessage `json:"user"`
	Store             json.RawMessage `json:"store"`
	Metadata          json.RawMessage `json:"metadata"`
	ServiceTier       json.RawMessage `json:"service_tier"`
	ParallelToolCalls json.RawMessage `json:"parallel_tool_calls"`
	PromptCacheKey    json.RawMessage `json:"prompt_cache_key"`
	SafetyIdentifier  json.RawMessage `json:"safety_identifier"`
}

// streamOptions are those of a stream.
type streamOptions struct {
	IncludeUsage       bool  `json:"include_usage"`
	IncludeObfuscation *bool `json:"include_obfuscation"`
}

// texts is a string or an array of strings.
type texts []string

// UnmarshalJSON reads either; null is none.
func (t *texts) UnmarshalJSON(raw []byte) error {
	if string(raw) == "null" {
		return nil
	}
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*t = texts{one}
		return nil
	}
	if json.Unmarshal(raw, (*[]string)(t)) != nil {
		return invalid("stop", "stop: want a string or an array of strings")
	}
	return nil
}

// maxStops is the most stop texts and bad words of a request.
const maxStops = 64

// settings returns the settings of a request for a model, for texts of so many tokens.
func (p *sampling) settings(g *generation.Generator, tokens int, limits Limits) (generation.Settings, *apiError) {
	s := generation.Settings{Tokens: tokens, MinTokens: p.MinTokens, Stop: p.Stop, MaxTime: limits.Time,
		Temperature: valueOr(p.Temperature, 1), TopP: valueOr(p.TopP, 1), TopK: p.TopK, MinP: p.MinP, Typical: p.Typical, Epsilon: p.Epsilon, Eta: p.Eta,
		FrequencyPenalty: valueOr(p.FrequencyPenalty, 0), PresencePenalty: valueOr(p.PresencePenalty, 0),
		RepetitionPenalty: p.RepetitionPenalty, NoRepeat: p.NoRepeat, Ban: p.Suppress, Order: p.Processors}
	if p.Seed != nil {
		s.Seed = uint64(*p.Seed)
	} else {
		s.Seed = uint64(rand.Uint32())
	}
	switch {
	case len(p.Stop)+len(p.BadWords)+len(p.Suppress) > maxStops:
		return s, invalid("stop", "stop, bad_words and suppress have more than %d entries together", maxStops)
	case !(p.MaxTime >= 0):
		return s, invalid("max_time", "max_time = %v, want a number of seconds, or 0 for the limit of the server", p.MaxTime)
	case p.MaxTime > 0 && p.MaxTime < limits.Time.Seconds():
		s.MaxTime = time.Duration(p.MaxTime * float64(time.Second))
	}
	if p.LengthDecay != nil {
		s.LengthDecay = generation.LengthDecay{Start: p.LengthDecay.Start, Factor: p.LengthDecay.Factor}
	}
	if err := p.tokens(&s, g); err != nil {
		return s, err
	}
	if err := p.constrain(&s, g); err != nil {
		return s, err
	}
	if err := s.Check(); err != nil {
		return s, invalid("", "%v", err)
	}
	return s, nil
}

// tokens sets what names particular tokens.
func (p *sampling) tokens(s *generation.Settings, g *generation.Generator) *apiError {
	vocab := g.Tokenizer.Vocab()
	known := func(param string, id int) *apiError {
		if id < 0 || id >= vocab {
			return invalid(param, "%s: there is no token %d: the vocabulary has %d, from 0", param, id, vocab)
		}
		return nil
	}
	for name, bias := range p.LogitBias {
		id, err := strconv.Atoi(name)
		if err != nil {
			return invalid("logit_bias", "logit_bias: %.40q is not a token id", name)
		}
		if err := known("logit_bias", id); err != nil {
			return err
		}
		if !(bias >= -100 && bias <= 100) {
			return invalid("logit_bias", "logit_bias of token %d = %v, want from -100 to 100", id, bias)
		}
		if bias == -100 { // as OpenAI has it: the token is banned
			bias = math.Inf(-1)
		}
		if s.LogitBias == nil {
			s.LogitBias = map[int]float64{}
		}
		s.LogitBias[id] = bias
	}
	for _, id := range p.Suppress {
		if err := known("suppress", id); err != nil {
			return err
		}
	}
	for place, id := range p.Force {
		if err := known("force", id); err != nil {
			return err
		}
		s.Force.Places, s.Force.IDs = append(s.Force.Places, place), append(s.Force.IDs, id)
	}
	for _, text := range p.BadWords {
		words := formsOf(g, text)
		if len(words) == 0 {
			return invalid("bad_words", "bad_words: %.40q has no tokens in the vocabulary of the model", text)
		}
		s.BadWords = append(s.BadWords, words...)
	}
	return nil
}

// formsOf returns the tokens of a text at the beginning of a line and within it, where the space before it
// can be a part of its token.
func formsOf(g *generation.Generator, text string) (forms [][]int) {
	for _, form := range []string{text, " " + text} {
		if ids, err := g.Tokenizer.Encode(form); err == nil && len(ids) > 0 {
			forms = append(forms, ids)
		}
	}
	return forms
}

func valueOr[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

// counts returns how many texts are returned, and how many are generated for them.
func counts(n, bestOf *int, most int) (returned, generated int, err *apiError) {
	returned = valueOr(n, 1)
	generated = valueOr(bestOf, returned)
	switch {
	case returned < 1 || returned > most:
		return 0, 0, invalid("n", "n = %d, want from 1 to %d", returned, most)
	case generated < returned || generated > most:
		return 0, 0, invalid("best_of", "best_of = %d, want from n = %d to %d", generated, returned, most)
	}
	return returned, generated, nil
}

// maxAlternatives is the most alternatives of a token.
const maxAlternatives = 20

// alternatives checks a number of alternatives.
func alternatives(param string, n int) *apiError {
	if n < 0 || n > maxAlternatives {
		return invalid(param, "%s = %d, want from 0 to %d", param, n, maxAlternatives)
	}
	return nil
}

// prompts is a text, some texts, token ids, or some lists of token ids.
type prompts struct {
	texts []string
	ids   [][]int // if there are no texts
}

// UnmarshalJSON reads any of the four.
func (p *prompts) UnmarshalJSON(raw []byte) error {
	var one string
	var ids []int
	switch {
	case string(raw) == "null":
	case json.Unmarshal(raw, &one) == nil:
		p.texts = []string{one}
	case json.Unmarshal(raw, &p.texts) == nil && len(p.texts) > 0:
	case json.Unmarshal(raw, &ids) == nil && len(ids) > 0:
		p.texts, p.ids = nil, [][]int{ids}
	case json.Unmarshal(raw, &p.ids) == nil && len(p.ids) > 0 && !slices.ContainsFunc(p.ids, func(ids []int) bool { return len(ids) == 0 }):
		p.texts = nil
	default:
		return invalid("prompt", "prompt: want a string, an array of strings, token ids or an array of token ids, none of them empty")
	}
	return nil
}

func (p *prompts) count() int { return max(1, len(p.texts), len(p.ids)) }

// read returns the prompts of a model.
func (p *prompts) read(g *generation.Generator) (all []generation.Prompt, err *apiError) {
	for i, ids := range p.ids {
		text, err := g.Tokenizer.Decode(ids)
		if err != nil {
			return nil, invalid("prompt", "prompt %d: %v", i, err)
		}
		all = append(all, generation.Prompt{Text: text, Tokens: ids})
	}
	if len(all) > 0 {
		return all, nil
	}
	given := p.texts
	if len(given) == 0 {
		given = []string{""}
	}
	for _, text := range given {
		one, err := g.Prompt(text)
		if err != nil {
			return nil, invalid("prompt", "%v", err)
		}
		all = append(all, one)
	}
	return all, nil
}

// room returns an error if a prompt does not fit, and how many tokens can follow it within the context; 0: no limit.
func room(e *generation.Engine, p generation.Prompt) (left int, err *apiError) {
	context := e.Context()
	if context > 0 && len(p.Tokens) > context {
		return 0, newError(400, "context_length_exceeded", "prompt", "the prompt has %d tokens, and the model reads %d: shorten it", len(p.Tokens), context)
	}
	if context == 0 {
		return 0, nil
	}
	return max(1, context-len(p.Tokens)), nil
}
