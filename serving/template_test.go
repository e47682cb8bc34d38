package serving

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/tokenizer"
	"euryale/generation"
	"euryale/layers/graph"
	"euryale/models"
	"euryale/training"
)

// chatML is the template of ChatML, as the documentation of transformers has it.
const chatML = `{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}`

// llama2 is the template of Llama-2-chat, without its default instructions.
const llama2 = `{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}{% for message in loop_messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if loop.index0 == 0 and system_message != false %}{% set content = '<<SYS>>\n' + system_message + '\n<</SYS>>\n\n' + message['content'] %}{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ ' '  + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}`

// zephyr is the template of Zephyr, with the line breaks and indentation that transformers strips.
const zephyr = `{% for message in messages %}
    {% if message['role'] == 'user' %}
{{ '<|user|>\n' + message['content'] + eos_token }}
    {% elif message['role'] == 'assistant' %}
{{ '<|assistant|>\n'  + message['content'] + eos_token }}
    {% endif %}
    {% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
    {% endif %}
{% endfor %}`

// mistral has a namespace, a filter and comparisons with undefined variables.
const mistral = `{%- set ns = namespace(turns=0) -%}
{%- if tools is defined and tools is not none %}{{ tools | tojson }}{% endif -%}
{{- bos_token }}
{%- for m in messages if m.role != 'system' %}
    {%- set ns.turns = ns.turns + 1 %}
    {{- '[INST] ' ~ m['content'] | trim ~ ' [/INST]' if m.role == 'user' else ' ' + m.content + eos_token }}
{%- endfor %} turns {{ ns.turns }}`

func turns(pairs ...string) (all []message) {
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, message{Role: pairs[i], Content: content(pairs[i+1])})
	}
	return all
}

// Templates that models have are rendered as their documentation says.
func TestTemplates(t *testing.T) {
	three := turns("system", "Be brief.", "user", "Hi <there> ", "assistant", "Hello", "user", "Why?")
	for source, want := range map[string]string{
		chatML:  "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi <there> <|im_end|>\n<|im_start|>assistant\nHello<|im_end|>\n<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n",
		llama2:  "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi <there> [/INST] Hello </s><s>[INST] Why? [/INST]",
		zephyr:  "<|user|>\nHi <there> </s>\n<|assistant|>\nHello</s>\n<|user|>\nWhy?</s>\n<|assistant|>\n",
		mistral: "<s>[INST] Hi <there> [/INST] Hello</s>[INST] Why? [/INST] turns 3",
	} {
		p, err := NewTemplate(source, "<s>", "</s>")
		require.NoError(t, err)
		for range 2 { // the first leaves nothing behind
			text, err := p.Render(three)
			require.NoError(t, err)
			assert.Equal(t, want, text)
		}
	}
}

// A template that cannot be parsed, or could take the server down, is refused when it is read.
func TestTemplatesThatAreRefused(t *testing.T) {
	for source, want := range map[string]string{
		"{% for m in messages %}":     "chat_template cannot be parsed",
		"{{ 'a' ":                     "chat_template",
		"{% include '/etc/passwd' %}": "include",
		"{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}":     "macro",
		"{{ 'a' * 1000000000 }}":                              "line 1: * is not supported",
		"\n{% set a %}b{% endset %}":                          "line 2: set without =",
		"{% for a in b recursive %}{{ loop(b) }}{% endfor %}": "recursive loops",
		"{{ " + strings.Repeat("(", 5000) + " }}":             "more than 256 tokens",
		"{{ a" + strings.Repeat(" ~ a", 5000) + " }}":         "more than 256 tokens",
		strings.Repeat("{% if a %}", 3000):                    "cannot be parsed",
	} {
		_, err := NewTemplate(source, "", "")
		assert.ErrorContains(t, err, want, source[:min(len(source), 60)])
	}
}

// A template that makes too much of its messages, or takes too long, fails.
func TestTemplatesAreLimited(t *testing.T) {
	for _, source := range []string{
		"{% for a in range(1000000000) %}{% endfor %}",
		"{% for a in range(9000) %}{% for b in range(9000) %}{% for c in range(9000) %}{% endfor %}{% endfor %}{% endfor %}",
		"{% set s = 'aaaaaaaa' %}" + strings.Repeat("{% set s = s ~ s %}", 60),
		"{% set l = ['a'] %}" + strings.Repeat("{% set l = [l, l] %}", 60) + "{{ l }}",
		"{% set n = namespace(a=1) %}{% set n.a = n %}{{ n }}",
		"{% set s = 'aaaaaaaa' %}" + strings.Repeat("{% set s = s | replace('a', s) %}", 9),
		"{% set s = messages[0].content %}{{ s | list | join(s) }}",
		"{% for a in messages[0].content %}{{ messages[0].content }}{% endfor %}",
		"{{ 1 % 0 }}", "{{ nothing() }}", "{{ messages.append(messages) }}", "{{ 'a' | center(999999999) }}",
	} {
		p, err := NewTemplate(source, "", "")
		require.NoError(t, err, source)
		begun := time.Now()
		text, err := p.Render(turns("user", strings.Repeat("ab", 2000)))
		assert.Error(t, err, source)
		assert.Empty(t, text)
		assert.Less(t, time.Since(begun), 10*time.Second, source)
	}
}

// templateGenerator returns a generator of a small GPT over bytes with the tokens of ChatML.
func templateGenerator(t testing.TB) *generation.Generator {
	t.Helper()
	tk := tokenizer.WithSpecials(tokenizer.NewByte(), "<|im_start|>", "<|im_end|>")
	m := &models.GPT{Sizes: models.Sizes{Context: 96, Vocab: tk.Vocab()}, Layers: 1, Heads: 2, Dim: 8, Activation: "gelu"}
	w := graph.NewWeights(1)
	_, err := models.NewMemory(m, w, 1, m.Context, 0)
	require.NoError(t, err)
	end, _ := tk.Special("<|im_end|>")
	return &generation.Generator{Model: m, Weights: w, Tokenizer: tk, End: []int{end}}
}

// A model with a template answers chats, whole and streamed, and /tokenize shows what it reads.
func TestChatWithTemplate(t *testing.T) {
	template, err := NewTemplate("{% if messages[0].role == 'tool' %}{{ raise_exception('no tools: ' + messages[0].role) }}{% endif %}"+chatML, "", "<|im_end|>")
	require.NoError(t, err)
	_, url := serverOf(t, Options{}, &Run{Name: "small", Sequences: 4, Waiting: 8, Template: template, Load: func() (*generation.Generator, string, error) {
		return templateGenerator(t), "fp_1", nil
	}})
	g := templateGenerator(t)
	ids, err := tokenizer.ParseSpecials(g.Tokenizer).Encode("<|im_start|>user\nabc<|im_end|>\n<|im_start|>assistant\n")
	require.NoError(t, err)
	const turn = `{"messages": [{"role": "user", "content": "abc"}]`
	_, _, raw := post(t, url+"/tokenize", turn+"}")
	var read tokenized
	require.NoError(t, json.Unmarshal(raw, &read), string(raw))
	assert.Equal(t, ids, read.Tokens)
	start, _ := g.Tokenizer.Special("<|im_start|>")
	assert.Equal(t, start, ids[0])
	want, err := g.Generate(context.Background(), generation.Prompt{Tokens: ids}, generation.Settings{Tokens: 12, Temperature: 1, TopP: 1, Seed: 4}, 1, nil)
	require.NoError(t, err)
	wanted := string([]rune(want[0].Text)) // JSON has no bytes that are no characters
	const rest = `, "max_completion_tokens": 12, "seed": 4`
	_, _, raw = post(t, url+"/v1/chat/completions", turn+rest+"}")
	var whole chatCompletion
	require.NoError(t, json.Unmarshal(raw, &whole), string(raw))
	require.NotEmpty(t, whole.Choices, string(raw))
	assert.Equal(t, wanted, whole.Choices[0].Message.Content)
	text := ""
	for _, chunk := range chunksOf[chatCompletion](t, url+"/v1/chat/completions", turn+rest+`, "stream": true}`) {
		if d := chunk.Choices[0].Delta; d.Content != nil {
			text += *d.Content
		}
	}
	assert.Equal(t, wanted, text)
	for body, message := range map[string]string{
		`{"messages": []}`: "messages is empty",
		`{"messages": [{"role": "tool", "content": "a"}]}`:                                   "the chat template of the model refuses them: no tools: tool",
		`{"messages": [{"role": "user", "content": "` + strings.Repeat("a", 100) + `"}]}`:    "context_length_exceeded",
		`{"messages": [{"role": "user", "content": "` + strings.Repeat("a", 300000) + `"}]}`: "context_length_exceeded",
	} {
		for _, path := range []string{"/v1/chat/completions", "/tokenize"} {
			if path == "/tokenize" && strings.Contains(body, "aaaa") {
				continue // it reads texts of any length
			}
			status, _, raw := post(t, url+path, body)
			assert.Equal(t, 400, status)
			assert.Contains(t, string(raw), message)
		}
	}
	_, _, raw = post(t, url+"/v1/chat/completions", `{"model": "none"}`)
	assert.Contains(t, string(raw), "model_not_found")
}

// An imported model answers chats by its own template.
func TestImportedTemplate(t *testing.T) {
	from, dir := t.TempDir(), filepath.Join(t.TempDir(), "run")
	require.NoError(t, os.CopyFS(from, os.DirFS("../interchange/testdata/gpt2")))
	const config = `{"chat_template": [{"name": "tools", "template": "x"}, {"name": "default", "template": "{% for m in messages %}{{ m.content + eos_token }}{% endfor %}"}], "eos_token": {"content": "!"}}`
	require.NoError(t, os.WriteFile(filepath.Join(from, "tokenizer_config.json"), []byte(config), 0o666))
	_, err := training.Import(from, "", dir)
	require.NoError(t, err)
	template, err := OpenTemplate(dir)
	require.NoError(t, err)
	_, url := serverOf(t, Options{}, &Run{Name: "gpt2", Sequences: 2, Waiting: 2, Load: OpenRun(dir, true), Template: template})
	_, _, raw := post(t, url+"/tokenize", `{"messages": [{"role": "user", "content": "ab"}, {"role": "user", "content": "c"}]}`)
	var read tokenized
	require.NoError(t, json.Unmarshal(raw, &read), string(raw))
	assert.Equal(t, "ab!c!", strings.Join(read.Texts, ""))
	status, _, raw := post(t, url+"/v1/chat/completions", `{"messages": [{"role": "user", "content": "ab"}], "max_tokens": 3}`)
	assert.Equal(t, 200, status, string(raw))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "chat_template.json"), []byte(`{"chat_template": "{% if %}"}`), 0o666))
	_, err = OpenTemplate(dir)
	assert.ErrorContains(t, err, "chat_template.json: chat_template cannot be parsed")
	plain := filepath.Join(t.TempDir(), "plain")
	_, err = training.Import("../interchange/testdata/gpt2", "", plain)
	require.NoError(t, err)
	none, err := OpenTemplate(plain)
	require.NoError(t, err)
	assert.Nil(t, none)
}

// The begin token that a tokenizer puts before every text is read once if the template writes it, and else not.
func TestTemplateWritesTheBeginToken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokenizer.json")
	require.NoError(t, os.WriteFile(path, []byte(`{"added_tokens": [{"id": 0, "content": "<s>", "special": true}],
		"model": {"type": "BPE", "vocab": {"<s>": 0, "a": 1, "b": 2}, "merges": []}, "decoder": {"type": "Fuse"},
		"post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
		"pair": [], "special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]}}}}`), 0o666))
	tk, err := tokenizer.Load(path)
	require.NoError(t, err)
	begin, opens := tk.Begin()
	require.True(t, opens)
	for source, want := range map[string][]int{"{{ bos_token }}{{ messages[0].content }}": {begin, 1, 2}, "{{ messages[0].content }}": {1, 2}} {
		template, err := NewTemplate(source, "<s>", "")
		require.NoError(t, err)
		p, problem := template.prompt(tk, turns("user", "ab"))
		require.Nil(t, problem)
		assert.Equal(t, want, p.Tokens, source)
	}
}
