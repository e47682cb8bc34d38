"""Writes reference/: small models with random weights in the formats that package interchange
reads, and beside each logits.json, what PyTorch computes with it in float64. Weights in bfloat16,
float16 and groups of 8-bit numbers are converted back first. The formulas are those of Hugging
Face's modeling_llama.py and modeling_gpt2.py, and of llama2.c's model.py and export.py. Made with
torch 1.13 on Debian 12:

    /usr/bin/python3 interchange/testdata/reference.py
"""
import json, math, os, struct
import torch
import torch.nn.functional as F

torch.manual_seed(14)
here = os.path.dirname(os.path.abspath(__file__))
vocab, context = 24, 12
types = {"F32": torch.float32, "BF16": torch.bfloat16, "F16": torch.float16}


def raw(t):
    """The bytes of a tensor; NumPy has no bfloat16."""
    t = t.detach().contiguous()
    return (t.view(torch.int16) if t.element_size() == 2 else t).numpy().tobytes()


def save(path, tensors, dtype):
    header, at = {"__metadata__": {"format": "pt"}}, 0
    data = {name: t.to(types[dtype]) for name, t in tensors.items()}
    for name, t in data.items():
        n = t.numel() * t.element_size()
        header[name] = {"dtype": dtype, "shape": list(t.shape), "data_offsets": [at, at + n]}
        at += n
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for t in data.values():
            f.write(raw(t))


def directory(name):
    out = os.path.join(here, "reference", name)
    os.makedirs(out, exist_ok=True)
    return out


def reference(out, logits):
    ids = torch.randint(vocab, (context,))
    with open(out + "/logits.json", "w") as f:
        json.dump({"ids": ids.tolist(), "logits": [float("%.7g" % v) for v in logits(ids).flatten().tolist()]}, f)


def write_hf(name, config, weights, dtype, logits, shards=1):
    """A directory as transformers saves it, in one file or in several with an index."""
    out = directory(name)
    with open(out + "/config.json", "w") as f:
        json.dump(config, f, indent=1)
    if shards == 1:
        save(out + "/model.safetensors", weights, dtype)
    else:
        names, index = list(weights), {}
        for i in range(shards):
            file, part = f"model-{i + 1:05d}-of-{shards:05d}.safetensors", names[i::shards]
            save(out + "/" + file, {k: weights[k] for k in part}, dtype)
            index.update({k: file for k in part})
        with open(out + "/model.safetensors.index.json", "w") as f:
            json.dump({"metadata": {"total_size": 0}, "weight_map": index}, f, indent=1)
    reference(out, lambda ids: logits(config, {k: t.to(types[dtype]).double() for k, t in weights.items()}, ids))


def r(*shape):
    return 0.3 * torch.randn(*shape)


# Hugging Face's Llama


def llama_weights(c):
    D, d, H, K, I = c["hidden_size"], c.get("head_dim") or c["hidden_size"] // c["num_attention_heads"], c["num_attention_heads"], c["num_key_value_heads"], c["intermediate_size"]
    w = {"model.embed_tokens.weight": r(vocab, D)}
    for i in range(c["num_hidden_layers"]):
        p = f"model.layers.{i}."
        w.update({p + k: v for k, v in {
            "input_layernorm.weight": 1 + r(D), "post_attention_layernorm.weight": 1 + r(D),
            "self_attn.q_proj.weight": r(H * d, D), "self_attn.k_proj.weight": r(K * d, D),
            "self_attn.v_proj.weight": r(K * d, D), "self_attn.o_proj.weight": r(D, H * d),
            "mlp.gate_proj.weight": r(I, D), "mlp.up_proj.weight": r(I, D), "mlp.down_proj.weight": r(D, I)}.items()})
        if c.get("attention_bias"):
            w.update({p + f"self_attn.{k}_proj.bias": r(n) for k, n in (("q", H * d), ("k", K * d), ("v", K * d), ("o", D))})
        w[p + "self_attn.rotary_emb.inv_freq"] = torch.ones(d // 2)  # a buffer that old versions saved
    w["model.norm.weight"] = 1 + r(D)
    if not c.get("tie_word_embeddings"):
        w["lm_head.weight"] = r(vocab, D)
    return w


def frequencies(c, d):
    """modeling_rope_utils.py: the default, linear and llama3."""
    s = c.get("rope_parameters") or c.get("rope_scaling") or {}
    theta = s.get("rope_theta") or c["rope_theta"]
    f = 1 / theta ** (torch.arange(0, d, 2).double() / d)
    kind = s.get("rope_type") or s.get("type")
    if kind == "linear":
        return f / s["factor"]
    if kind == "llama3":
        old, low, high = s["original_max_position_embeddings"], s["low_freq_factor"], s["high_freq_factor"]
        wavelength = 2 * math.pi / f
        smooth = (old / wavelength - low) / (high - low)
        between = (1 - smooth) * f / s["factor"] + smooth * f
        return torch.where(wavelength > old / low, f / s["factor"], torch.where(wavelength < old / high, f, between))
    return f


def rms(x, gain, eps):
    return gain * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps)


def attention(q, k, v):
    """(H, T, d) of each; causal."""
    t = q.shape[1]
    scores = (q @ k.transpose(1, 2) / math.sqrt(q.shape[2])).masked_fill(torch.ones(t, t).triu(1).bool(), -math.inf)
    return (scores.softmax(-1) @ v).transpose(0, 1).reshape(t, -1)


def llama(c, w, ids):
    H, K = c["num_attention_heads"], c["num_key_value_heads"]
    d, eps, t = c.get("head_dim") or c["hidden_size"] // H, c["rms_norm_eps"], len(ids)
    angles = torch.outer(torch.arange(t).double(), frequencies(c, d))
    cos, sin = torch.cat((angles, angles), -1).cos(), torch.cat((angles, angles), -1).sin()

    def rotate(x):
        return x * cos + torch.cat((-x[..., d // 2:], x[..., :d // 2]), -1) * sin

    x = w["model.embed_tokens.weight"][ids]
    for i in range(c["num_hidden_layers"]):
        p = f"model.layers.{i}."
        linear = lambda y, name: F.linear(y, w[p + name + ".weight"], w.get(p + name + ".bias"))
        y = rms(x, w[p + "input_layernorm.weight"], eps)
        q, k, v = [linear(y, f"self_attn.{n}_proj").view(t, -1, d).transpose(0, 1) for n in "qkv"]
        q, k = rotate(q), rotate(k)
        x = x + linear(attention(q, k.repeat_interleave(H // K, 0), v.repeat_interleave(H // K, 0)), "self_attn.o_proj")
        y = rms(x, w[p + "post_attention_layernorm.weight"], eps)
        x = x + linear(F.silu(linear(y, "mlp.gate_proj")) * linear(y, "mlp.up_proj"), "mlp.down_proj")
    return rms(x, w["model.norm.weight"], eps) @ w.get("lm_head.weight", w["model.embed_tokens.weight"]).T


def llama_config(**more):
    return {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": vocab, "max_position_embeddings": context, "hidden_size": 16,
            "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "hidden_act": "silu",
            "rms_norm_eps": 1e-6, "rope_theta": 500.0, "bos_token_id": 1, "eos_token_id": [2, 3], **more}


def llama_model(name, dtype, shards=1, **more):
    c = llama_config(**more)
    write_hf(name, c, llama_weights(c), dtype, llama, shards)


llama_model("llama", "F32", tie_word_embeddings=False, attention_bias=False, rope_scaling=None)
llama_model("llama3", "BF16", 2, tie_word_embeddings=True, attention_bias=True, head_dim=6, rms_norm_eps=1e-5, rope_theta=100.0,
            rope_scaling={"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32})
llama_model("mistral", "F16", 3, architectures=["MistralForCausalLM"], model_type="mistral", sliding_window=None, head_dim=4,
            rope_parameters={"rope_type": "linear", "rope_theta": 1000.0, "factor": 2.0})


# GPT-2


def gpt2(c, w, ids):
    D, H, t = c["n_embd"], c["n_head"], len(ids)
    conv1d = lambda y, name: y @ w[name + ".weight"] + w[name + ".bias"]
    norm = lambda y, name: F.layer_norm(y, (D,), w[name + ".weight"], w[name + ".bias"], 1e-5)
    x = w["transformer.wte.weight"][ids] + w["transformer.wpe.weight"][:t]
    for i in range(c["n_layer"]):
        p = f"transformer.h.{i}."
        q, k, v = [m.view(t, H, D // H).transpose(0, 1) for m in conv1d(norm(x, p + "ln_1"), p + "attn.c_attn").split(D, -1)]
        x = x + conv1d(attention(q, k, v), p + "attn.c_proj")
        x = x + conv1d(F.gelu(conv1d(norm(x, p + "ln_2"), p + "mlp.c_fc"), approximate="tanh"), p + "mlp.c_proj")
    return norm(x, "transformer.ln_f") @ w["transformer.wte.weight"].T


def gpt2_model(name, dtype, shards):
    D = 12
    w = {"wte.weight": r(vocab, D), "wpe.weight": r(context, D), "ln_f.weight": 1 + r(D), "ln_f.bias": r(D)}
    for i in range(2):
        w.update({f"h.{i}." + k: v for k, v in {
            "ln_1.weight": 1 + r(D), "ln_1.bias": r(D), "ln_2.weight": 1 + r(D), "ln_2.bias": r(D),
            "attn.c_attn.weight": r(D, 3 * D), "attn.c_attn.bias": r(3 * D), "attn.c_proj.weight": r(D, D), "attn.c_proj.bias": r(D),
            "mlp.c_fc.weight": r(D, 4 * D), "mlp.c_fc.bias": r(4 * D), "mlp.c_proj.weight": r(4 * D, D), "mlp.c_proj.bias": r(D)}.items()})
    c = {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "vocab_size": vocab, "n_positions": context, "n_embd": D, "n_layer": 2, "n_head": 3,
         "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5}
    write_hf(name, c, {"transformer." + k: v for k, v in w.items()}, dtype, gpt2, shards)


gpt2_model("gpt2_bf16", "BF16", 1)
gpt2_model("gpt2_f16", "F16", 2)


# llama2.c


def llama2c(c, w, ids):
    """model.py: neighbouring columns are the parts of complex numbers."""
    H, K, d, t = c["heads"], c["kv_heads"], c["dim"] // c["heads"], len(ids)
    angles = torch.outer(torch.arange(t).double(), 1 / 10000 ** (torch.arange(0, d, 2).double() / d))
    turn = torch.polar(torch.ones_like(angles), angles)

    def rotate(x):
        return torch.view_as_real(torch.view_as_complex(x.reshape(*x.shape[:-1], -1, 2)) * turn).flatten(-2)

    x = w["tok"][ids]
    for i in range(c["layers"]):
        y = rms(x, w["norm1"][i], 1e-5)
        q, k, v = [(y @ w[n][i].T).view(t, -1, d).transpose(0, 1) for n in ("wq", "wk", "wv")]
        q, k = rotate(q), rotate(k)
        x = x + attention(q, k.repeat_interleave(H // K, 0), v.repeat_interleave(H // K, 0)) @ w["wo"][i].T
        y = rms(x, w["norm2"][i], 1e-5)
        x = x + (F.silu(y @ w["w1"][i].T) * (y @ w["w3"][i].T)) @ w["w2"][i].T
    return rms(x, w["norm"], 1e-5) @ w.get("head", w["tok"]).T


def q80(t, group):
    """8-bit whole numbers and the scale of each group, whose largest number becomes 127."""
    g = t.reshape(-1, group)
    scale = g.abs().max(1).values / 127
    return (g / scale[:, None]).round().to(torch.int8), scale


def llama2c_model(name, version, tied, group=16):
    c = {"dim": 16, "hidden": 32, "layers": 2, "heads": 4, "kv_heads": 2}
    D, I, L, kv = 16, 32, 2, 8
    w = {"norm1": 1 + r(L, D), "norm2": 1 + r(L, D), "norm": 1 + r(D), "tok": r(vocab, D), "wq": r(L, D, D), "wk": r(L, kv, D), "wv": r(L, kv, D),
         "wo": r(L, D, D), "w1": r(L, I, D), "w2": r(L, D, I), "w3": r(L, I, D)}
    if not tied:
        w["head"] = r(vocab, D)
    out = directory(name)
    with open(out + "/model.bin", "wb") as f:
        f.write(struct.pack("<Iiiiiiiii", 0x616B3432, version, D, I, L, 4, 2, vocab, context) + struct.pack("<B", tied))
        if version == 2:
            f.write(struct.pack("<i", group))
        f.write(b"\0" * (256 - f.tell()))
        for key, t in w.items():  # in the order of export.py
            if version == 1 or key.startswith("norm"):
                f.write(raw(t))
                continue
            for m in (t if t.dim() == 3 else [t]):  # each layer apart
                q, scale = q80(m, group)
                f.write(raw(q) + raw(scale))
                m.copy_((q.float() * scale[:, None]).reshape(m.shape))
    reference(out, lambda ids: llama2c(c, {k: t.double() for k, t in w.items()}, ids))


llama2c_model("llama2c_v1", 1, True)
llama2c_model("llama2c_v2", 2, False)
