"""Writes gpt2/: a GPT-2 with random weights as Hugging Face's transformers lays it out
(model.safetensors, config.json, vocab.json, merges.txt), and logits.json: what PyTorch
computes with it. Made with torch 1.13 on Debian 12:

    /usr/bin/python3 interchange/testdata/gpt2.py
"""
import json, math, os, struct
import torch
import torch.nn.functional as F

torch.manual_seed(7)
vocab, context, dim, layers, heads = 260, 16, 12, 2, 3
out = os.path.join(os.path.dirname(os.path.abspath(__file__)), "gpt2")


def save(path, tensors):
    header, at = {"__metadata__": {"format": "pt"}}, 0
    for name, t in tensors.items():
        n = 4 * t.numel()
        header[name] = {"dtype": "F32", "shape": list(t.shape), "data_offsets": [at, at + n]}
        at += n
    raw = json.dumps(header).encode()
    raw += b" " * (-len(raw) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(raw)) + raw)
        for t in tensors.values():
            f.write(t.detach().contiguous().numpy().astype("<f4").tobytes())


r = lambda *shape: 0.3 * torch.randn(*shape)
w = {"wte.weight": r(vocab, dim), "wpe.weight": r(context, dim), "ln_f.weight": 1 + r(dim), "ln_f.bias": r(dim)}
for i in range(layers):
    w.update({f"h.{i}." + k: v for k, v in {
        "ln_1.weight": 1 + r(dim), "ln_1.bias": r(dim), "ln_2.weight": 1 + r(dim), "ln_2.bias": r(dim),
        "attn.c_attn.weight": r(dim, 3 * dim), "attn.c_attn.bias": r(3 * dim),  # Conv1D: (in, out)
        "attn.c_proj.weight": r(dim, dim), "attn.c_proj.bias": r(dim),
        "attn.bias": torch.tril(torch.ones(1, 1, context, context)),
        "mlp.c_fc.weight": r(dim, 4 * dim), "mlp.c_fc.bias": r(4 * dim),
        "mlp.c_proj.weight": r(4 * dim, dim), "mlp.c_proj.bias": r(dim)}.items()})


def conv1d(x, name):
    return x @ w[name + ".weight"] + w[name + ".bias"]


def norm(x, name):
    return F.layer_norm(x, (dim,), w[name + ".weight"], w[name + ".bias"], 1e-5)


def logits(ids):
    t = len(ids)
    x = w["wte.weight"][ids] + w["wpe.weight"][:t]
    hidden = torch.ones(t, t).triu(1).bool()
    for i in range(layers):
        p = f"h.{i}."
        q, k, v = [m.view(t, heads, dim // heads).transpose(0, 1) for m in conv1d(norm(x, p + "ln_1"), p + "attn.c_attn").split(dim, -1)]
        att = (q @ k.transpose(1, 2) / math.sqrt(dim // heads)).masked_fill(hidden, -math.inf).softmax(-1) @ v
        x = x + conv1d(att.transpose(0, 1).reshape(t, dim), p + "attn.c_proj")
        x = x + conv1d(F.gelu(conv1d(norm(x, p + "ln_2"), p + "mlp.c_fc"), approximate="tanh"), p + "mlp.c_proj")
    return norm(x, "ln_f") @ w["wte.weight"].T


def byte_letters():
    """The characters that GPT-2's vocabulary writes the bytes with."""
    plain = [b for b in range(256) if 0x21 <= b <= 0x7E or 0xA1 <= b <= 0xAC or b >= 0xAE]
    return [chr(b) for b in plain] + [chr(256 + i) for i in range(256 - len(plain))]


os.makedirs(out, exist_ok=True)
merges = ["t h", "th e", "\u0120 the"]
pieces = byte_letters() + [m.replace(" ", "") for m in merges] + ["<|endoftext|>"]
with open(out + "/vocab.json", "w") as f:
    json.dump({p: i for i, p in enumerate(pieces)}, f)
with open(out + "/merges.txt", "w") as f:
    f.write("\n".join(["#version: 0.2"] + merges) + "\n")
with open(out + "/config.json", "w") as f:
    json.dump({"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "vocab_size": vocab, "n_positions": context, "n_ctx": context,
               "n_embd": dim, "n_layer": layers, "n_head": heads, "n_inner": None, "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5}, f, indent=1)
save(out + "/model.safetensors", w)
ids = torch.randint(vocab, (context,))
with open(out + "/logits.json", "w") as f:
    json.dump({"ids": ids.tolist(), "logits": [float("%.7g" % v) for v in logits(ids).flatten().tolist()]}, f)
