package interchange

import (
	"slices"
	"strings"

	"euryale/layers"
	"euryale/layers/graph"
	"euryale/models"
)

// gpt2Config is config.json of a GPT-2 (Hugging Face transformers, GPT2Config).
type gpt2Config struct {
	hfCommon
	Context    int     `json:"n_positions"`
	Dim        int     `json:"n_embd"`
	Layers     int     `json:"n_layer"`
	Heads      int     `json:"n_head"`
	Inner      *int    `json:"n_inner"`
	Activation string  `json:"activation_function"`
	Epsilon    float64 `json:"layer_norm_epsilon"`
	Tied       *bool   `json:"tie_word_embeddings,omitempty"`
	Scaled     *bool   `json:"scale_attn_weights,omitempty"` // by 1/√(D/H); true by default
	ByLayer    bool    `json:"scale_attn_by_inverse_layer_idx,omitempty"`
	Cross      bool    `json:"add_cross_attention,omitempty"`
}

// gpt2Activations maps names of activations in transformers to those of this project.
var gpt2Activations = map[string]string{"gelu_new": "gelu_tanh", "gelu": "gelu", "gelu_pytorch_tanh": "gelu_tanh", "relu": "relu", "silu": "silu", "tanh": "tanh"}

const gpt2Epsilon = 1e-5 // of layers.LayerNorm

var gpt2Names = hfNames{title: "GPT-2", prefix: "transformer.", head: "lm_head.weight", table: "wte.weight", buffers: []string{".attn.bias", ".attn.masked_bias"}}

func newGPT2Config(string) hfConfig { return &gpt2Config{Activation: "gelu_new", Epsilon: gpt2Epsilon} }

func (c *gpt2Config) names() hfNames { return gpt2Names }

func (c *gpt2Config) untied() bool { return c.Tied != nil && !*c.Tied }

func (c *gpt2Config) check(u *unsupported) {
	if gpt2Activations[c.Activation] == "" {
		u.add("config.json: activation_function is %q, which is not supported", c.Activation)
	}
	if c.Epsilon != gpt2Epsilon {
		u.add("config.json: layer_norm_epsilon is %v, want %v", c.Epsilon, gpt2Epsilon)
	}
	if c.Scaled != nil && !*c.Scaled {
		u.add("config.json: scale_attn_weights = false is not supported: attention divides scores by √(D/H)")
	}
	if c.ByLayer {
		u.add("config.json: scale_attn_by_inverse_layer_idx = true is not supported: attention has the same scale in every layer")
	}
	if c.Cross {
		u.add("config.json: add_cross_attention = true is not supported: gpt has no encoder")
	}
}

func (c *gpt2Config) sizes() []size {
	inner := 1
	if c.Inner != nil && *c.Inner != 0 {
		inner = *c.Inner
	}
	return []size{{"n_embd", c.Dim, maxDim}, {"n_layer", c.Layers, maxLayers}, {"n_head", c.Heads, maxDim},
		{"vocab_size", c.Vocab, maxVocab}, {"n_positions", c.Context, maxContext}, {"n_inner", inner, maxHidden}}
}

func (c *gpt2Config) blocks() int { return c.Layers }

func (c *gpt2Config) model() models.Model {
	m := &models.GPT{Sizes: models.Sizes{Vocab: c.Vocab, Context: c.Context}, Layers: c.Layers, Heads: c.Heads, Dim: c.Dim, Bias: true, Tied: true}
	m.Activation = layers.Activation(gpt2Activations[c.Activation])
	if c.Inner != nil {
		m.Hidden = *c.Inner
	}
	return m
}

// gpt2Name returns the name in transformers of the parameter at path.
func gpt2Name(path string) string {
	path = strings.NewReplacer("tok/W", "wte.weight", "pos/W", "wpe.weight", "att/qkv/", "attn.c_attn.", "att/proj/", "attn.c_proj.",
		"mlp/in/", "mlp.c_fc.", "mlp/out/", "mlp.c_proj.", "ln1/", "ln_1.", "ln2/", "ln_2.", "ln/", "ln_f.").Replace(path)
	if layer, rest, ok := strings.Cut(path, "/"); ok && strings.HasPrefix(layer, "h") {
		path = "h." + layer[1:] + "." + rest
	}
	for _, end := range [][2]string{{".gain", ".weight"}, {".W", ".weight"}, {".b", ".bias"}} {
		if base, ok := strings.CutSuffix(path, end[0]); ok {
			return base + end[1]
		}
	}
	return path
}

// gpt2Layout returns the layout of a GPT-2 in transformers. The weight of Conv1D is (in, out), as
// that of Linear here: only an untied head is turned, which has no bias.
func gpt2Layout(m *models.GPT, params []*graph.Param) layout {
	parts := map[string][]part{"head/W": {{name: gpt2Names.head, shape: []int{m.Vocab, m.Dim}, turned: true}}}
	for _, p := range params {
		if p.Path != "head/W" && p.Path != "head/b" {
			parts[p.Path] = []part{{name: gpt2Name(p.Path), shape: slices.Clone(p.Shape)}}
		}
	}
	return func(path string) []part { return parts[path] }
}

// gpt2ConfigOf returns the configuration of g for transformers.
func gpt2ConfigOf(g *models.GPT) (*gpt2Config, error) {
	if g.Pointer {
		return nil, unsupported{"GPT-2 copies no tokens, and model.pointer is true"}.err()
	}
	c := &gpt2Config{hfCommon: hfCommon{ModelType: "gpt2", Arch: []string{"GPT2LMHeadModel"}, Vocab: g.Vocab, DType: "float32"},
		Context: g.Context, Dim: g.Dim, Layers: g.Layers, Heads: g.Heads, Epsilon: gpt2Epsilon, Tied: &g.Tied}
	if g.Hidden > 0 {
		c.Inner = &g.Hidden
	}
	for _, name := range []string{"gelu_new", "gelu", "relu", "silu", "tanh"} {
		if gpt2Activations[name] == string(g.Activation) {
			c.Activation = name
			return c, nil
		}
	}
	return nil, unsupported{"GPT-2's configuration has no name for the activation \"" + string(g.Activation) + "\""}.err()
}
