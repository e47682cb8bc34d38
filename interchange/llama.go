package interchange

import (
	"fmt"
	"strings"

	"euryale/models"
)

// llamaConfig is config.json of a Llama, or of a Mistral that computes the same (Hugging Face
// transformers, LlamaConfig and MistralConfig).
type llamaConfig struct {
	hfCommon
	Context       int          `json:"max_position_embeddings"`
	Dim           int          `json:"hidden_size"`
	Hidden        int          `json:"intermediate_size"`
	Layers        int          `json:"num_hidden_layers"`
	Heads         int          `json:"num_attention_heads"`
	KVHeads       *int         `json:"num_key_value_heads"`
	HeadDim       *int         `json:"head_dim"`
	Activation    string       `json:"hidden_act"`
	Epsilon       float64      `json:"rms_norm_eps"`
	Tied          bool         `json:"tie_word_embeddings"`
	Theta         float64      `json:"rope_theta"`
	Scaling       *ropeScaling `json:"rope_scaling"`
	Rope          *ropeScaling `json:"rope_parameters,omitempty"` // theta and scaling, since transformers 5
	AttentionBias bool         `json:"attention_bias"`
	MLPBias       bool         `json:"mlp_bias"`
	Window        *int         `json:"sliding_window,omitempty"`
	Partial       *float64     `json:"partial_rotary_factor,omitempty"`
}

// ropeScaling is rope_scaling of a configuration.
type ropeScaling struct {
	Type    string  `json:"rope_type,omitempty"`
	OldType string  `json:"type,omitempty"`
	Theta   float64 `json:"rope_theta,omitempty"`
	Factor  float64 `json:"factor,omitempty"`
	Low     float64 `json:"low_freq_factor,omitempty"`
	High    float64 `json:"high_freq_factor,omitempty"`
	Context int     `json:"original_max_position_embeddings,omitempty"`
}

var llamaNames = hfNames{title: "Llama", prefix: "model.", head: "lm_head.weight", table: "embed_tokens.weight", buffers: []string{".rotary_emb.inv_freq"}}

const defaultNormEpsilon = 1e-5 // of layers.RMSNorm

// newLlamaConfig returns the defaults of transformers for what a file may leave out.
func newLlamaConfig(modelType string) hfConfig {
	c := &llamaConfig{Context: 2048, Activation: "silu", Epsilon: 1e-6, Theta: 10000}
	if modelType == "mistral" {
		kv, window := 8, 4096
		c.Context, c.KVHeads, c.Window = 1<<17, &kv, &window
	}
	return c
}

func (c *llamaConfig) names() hfNames { return llamaNames }

func (c *llamaConfig) untied() bool { return !c.Tied }

// rope returns the settings of rotary positions, of whatever version of transformers.
func (c *llamaConfig) rope() ropeScaling {
	r := ropeScaling{Theta: c.Theta}
	for _, s := range []*ropeScaling{c.Scaling, c.Rope} {
		if s != nil {
			r = *s
		}
	}
	if r.Theta == 0 {
		r.Theta = c.Theta
	}
	if r.Type == "" {
		r.Type = r.OldType
	}
	if r.Type == "" || r.Type == "default" {
		return ropeScaling{Theta: r.Theta}
	}
	if r.Type == "linear" {
		r.Context, r.Low, r.High = 0, 0, 0
	}
	return r
}

func (c *llamaConfig) check(u *unsupported) {
	if c.Activation != "silu" && c.Activation != "swish" {
		u.add("config.json: hidden_act is %q, want silu", c.Activation)
	}
	if !(c.Epsilon > 0) {
		u.add("config.json: rms_norm_eps is %v, want more than 0", c.Epsilon)
	}
	switch r := c.rope(); {
	case r.Type == "":
	case r.Type != "linear" && r.Type != "llama3":
		u.add("config.json: rope_scaling of type %q is not supported, only linear and llama3", r.Type)
	case r.Factor < 1:
		u.add("config.json: the factor of rope_scaling is %v, want at least 1", r.Factor)
	case r.Type == "llama3" && r.Context < 1:
		u.add("config.json: rope_scaling of type llama3 lacks original_max_position_embeddings")
	}
	if c.MLPBias {
		u.add("config.json: mlp_bias = true is not supported: the MLPs of llama have no biases")
	}
	if c.Window != nil && *c.Window < c.Context {
		u.add("config.json: sliding_window = %d is not supported: up to that many tokens the model is the same without it; set max_position_embeddings = %d", *c.Window, *c.Window)
	}
	if c.Partial != nil && *c.Partial != 1 {
		u.add("config.json: partial_rotary_factor = %v is not supported: all columns of a head rotate", *c.Partial)
	}
}

func (c *llamaConfig) sizes() []size {
	sizes := []size{{"hidden_size", c.Dim, maxDim}, {"num_hidden_layers", c.Layers, maxLayers}, {"num_attention_heads", c.Heads, maxDim},
		{"vocab_size", c.Vocab, maxVocab}, {"max_position_embeddings", c.Context, maxContext}, {"intermediate_size", c.Hidden, maxHidden}}
	if c.KVHeads != nil {
		sizes = append(sizes, size{"num_key_value_heads", *c.KVHeads, maxDim})
	}
	if c.HeadDim != nil {
		sizes = append(sizes, size{"head_dim", *c.HeadDim, maxDim})
	}
	return sizes
}

func (c *llamaConfig) blocks() int { return c.Layers }

func (c *llamaConfig) model() models.Model {
	r := c.rope()
	m := &models.Llama{Sizes: models.Sizes{Vocab: c.Vocab, Context: c.Context}, Layers: c.Layers, Heads: c.Heads, Dim: c.Dim, Hidden: c.Hidden,
		Tied: true, AttentionBias: c.AttentionBias, RotaryBase: r.Theta, RotaryFactor: r.Factor, RotaryContext: r.Context, RotaryLow: r.Low, RotaryHigh: r.High}
	if c.KVHeads != nil {
		m.KVHeads = *c.KVHeads
	}
	if c.HeadDim != nil && *c.HeadDim*c.Heads != c.Dim {
		m.HeadDim = *c.HeadDim
	}
	if c.Epsilon != defaultNormEpsilon {
		m.NormEpsilon = c.Epsilon
	}
	return m
}

// llamaLayout returns the layout of a Llama in transformers. With halves, queries and keys have the
// columns of transformers (see part.halves), without it those of this project.
func llamaLayout(m *models.Llama, halves bool) layout {
	d, kv := m.HeadColumns(), m.KVHeads
	if kv == 0 {
		kv = m.Heads
	}
	q, k, paired := m.Heads*d, kv*d, 0
	if halves {
		paired = d
	}
	vector := func(name string) []part { return []part{{name: name, shape: []int{m.Dim}}} }
	matrix := func(name string, out, in int) []part {
		return []part{{name: name, shape: []int{out, in}, turned: true}}
	}
	return func(path string) []part {
		block, rest, _ := strings.Cut(path, "/")
		at := "layers." + strings.TrimPrefix(block, "h") + "."
		switch path {
		case "tok/W":
			return []part{{name: llamaNames.table, shape: []int{m.Vocab, m.Dim}}}
		case "norm/gain":
			return vector("norm.weight")
		case "head/W":
			return matrix(llamaNames.head, m.Vocab, m.Dim)
		}
		switch rest {
		case "norm1/gain":
			return vector(at + "input_layernorm.weight")
		case "norm2/gain":
			return vector(at + "post_attention_layernorm.weight")
		case "att/qkv/W":
			return []part{
				{name: at + "self_attn.q_proj.weight", shape: []int{q, m.Dim}, turned: true, halves: paired},
				{name: at + "self_attn.k_proj.weight", shape: []int{k, m.Dim}, turned: true, halves: paired, col: q},
				{name: at + "self_attn.v_proj.weight", shape: []int{k, m.Dim}, turned: true, col: q + k},
			}
		case "att/qkv/b":
			return []part{
				{name: at + "self_attn.q_proj.bias", shape: []int{q}, halves: paired},
				{name: at + "self_attn.k_proj.bias", shape: []int{k}, halves: paired, col: q},
				{name: at + "self_attn.v_proj.bias", shape: []int{k}, col: q + k},
			}
		case "att/proj/W":
			return matrix(at+"self_attn.o_proj.weight", m.Dim, q)
		case "att/proj/b":
			return vector(at + "self_attn.o_proj.bias")
		case "mlp/gate/W", "mlp/up/W":
			return matrix(fmt.Sprintf("%smlp.%s_proj.weight", at, strings.Split(rest, "/")[1]), m.HiddenColumns(), m.Dim)
		case "mlp/down/W":
			return matrix(at+"mlp.down_proj.weight", m.Dim, m.HiddenColumns())
		}
		return nil
	}
}

// llamaConfigOf returns the configuration of m for transformers.
func llamaConfigOf(m *models.Llama) *llamaConfig {
	kv, d := m.KVHeads, m.HeadColumns()
	if kv == 0 {
		kv = m.Heads
	}
	c := &llamaConfig{hfCommon: hfCommon{ModelType: "llama", Arch: []string{"LlamaForCausalLM"}, Vocab: m.Vocab, DType: "float32"},
		Context: m.Context, Dim: m.Dim, Hidden: m.HiddenColumns(), Layers: m.Layers, Heads: m.Heads, KVHeads: &kv, HeadDim: &d,
		Activation: "silu", Epsilon: m.NormEpsilon, Tied: m.Tied, Theta: m.RotaryBase, AttentionBias: m.AttentionBias}
	if c.Epsilon == 0 {
		c.Epsilon = defaultNormEpsilon
	}
	switch {
	case m.RotaryFactor == 0:
	case m.RotaryContext == 0:
		c.Scaling = &ropeScaling{Type: "linear", Factor: m.RotaryFactor}
	default:
		c.Scaling = &ropeScaling{Type: "llama3", Factor: m.RotaryFactor, Low: m.RotaryLow, High: m.RotaryHigh, Context: m.RotaryContext}
	}
	return c
}
