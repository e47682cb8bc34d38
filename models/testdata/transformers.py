"""Writes a file NAME.safetensors for each Transformer of this package: weights under this
package's paths, a batch, and what PyTorch computes from them in float64: logits, loss,
every gradient, and the losses of ten steps of AdamW on that batch. The encoder is
nn.TransformerEncoder, the transformer is nn.Transformer; gpt and llama are written out.
Made with torch 1.13 on Debian 12:

    /usr/bin/python3 models/testdata/transformers.py
"""
import json, math, os, struct
import torch
import torch.nn.functional as F
from torch import nn

torch.set_default_dtype(torch.float64)
V, D, H, L, HIDDEN = 17, 12, 3, 2, 20
B, T, S = 3, 8, 6
here = os.path.dirname(os.path.abspath(__file__))


def save(path, tensors):
    kinds = {torch.float32: ("F32", "<f4"), torch.float64: ("F64", "<f8"), torch.int64: ("I64", "<i8")}
    header, at, body = {}, 0, b""
    for name, t in sorted(tensors.items(), key=lambda kv: (-kv[1].element_size(), kv[0])):
        raw = t.detach().contiguous().numpy().astype(kinds[t.dtype][1]).tobytes()
        header[name] = {"dtype": kinds[t.dtype][0], "shape": list(t.shape), "data_offsets": [at, at + len(raw)]}
        at, body = at + len(raw), body + raw
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(head)) + head + body)


same, turned = lambda t: t, lambda t: t.T


def linear(path, m):
    return [(path + "/W", m.weight, turned)] + ([] if m.bias is None else [(path + "/b", m.bias, same)])


def norm(path, m):
    return [(path + "/gain", m.weight, same)] + ([(path + "/bias", m.bias, same)] if hasattr(m, "bias") else [])


def self_attention(path, m):
    """nn.MultiheadAttention keeps queries, keys and values in one matrix, as qkv does."""
    return [(path + "/qkv/W", m.in_proj_weight, turned), (path + "/qkv/b", m.in_proj_bias, same)] + linear(path + "/proj", m.out_proj)


def cross_attention(path, m):
    rows = lambda i: slice(i * D, (i + 1) * D)
    return [(f"{path}/{n}/{w}", p, lambda t, i=i, f=f: f(t[rows(i)])) for i, n in enumerate("qkv")
            for w, p, f in (("W", m.in_proj_weight, turned), ("b", m.in_proj_bias, same))] + linear(path + "/proj", m.out_proj)


def encoder_layer(path, m):
    return (self_attention(path + "/att", m.self_attn) + norm(path + "/att/norm", m.norm1)
            + linear(path + "/mlp/in", m.linear1) + linear(path + "/mlp/out", m.linear2) + norm(path + "/mlp/norm", m.norm2))


def decoder_layer(path, m):
    return (self_attention(path + "/att", m.self_attn) + norm(path + "/att/norm", m.norm1)
            + cross_attention(path + "/cross", m.multihead_attn) + norm(path + "/cross/norm", m.norm2)
            + linear(path + "/mlp/in", m.linear1) + linear(path + "/mlp/out", m.linear2) + norm(path + "/mlp/norm", m.norm3))


def later(n):
    return torch.ones(n, n).triu(1).bool()


def attend(q, k, v, window=None):
    """q: (B, T, H, d), k, v: (B, T, K, d), causal; a window is how many keys a row attends to."""
    k, v = [x.repeat_interleave(q.shape[2] // k.shape[2], 2).transpose(1, 2) for x in (k, v)]
    s = q.transpose(1, 2) @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    hidden = later(q.shape[1])
    if window:
        hidden = hidden | ~later(q.shape[1]).T.triu(1 - window) & ~torch.eye(q.shape[1]).bool()
    return (s.masked_fill(hidden, -math.inf).softmax(-1) @ v).transpose(1, 2).flatten(2)


class Gain(nn.Module):
    """LayerNorm without a bias, which torch 1.13 has not."""

    def __init__(self, d):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(d))

    def forward(self, x):
        return F.layer_norm(x, self.weight.shape, self.weight)


class GPT(nn.Module):
    def __init__(self, bias=True):
        super().__init__()
        ln, f = nn.LayerNorm if bias else Gain, lambda i, o: nn.Linear(i, o, bias=bias)
        self.tok, self.pos, self.ln = nn.Embedding(V, D), nn.Embedding(T, D), ln(D)
        self.h = nn.ModuleList(nn.ModuleDict({"ln1": ln(D), "qkv": f(D, 3 * D), "proj": f(D, D),
                                              "ln2": ln(D), "in": f(D, 4 * D), "out": f(4 * D, D)}) for _ in range(L))

    def forward(self, tokens, _):
        x = self.tok(tokens) + self.pos.weight[:tokens.shape[1]]
        for h in self.h:
            q, k, v = [p.unflatten(2, (H, D // H)) for p in h["qkv"](h["ln1"](x)).split(D, 2)]
            x = x + h["proj"](attend(q, k, v))
            x = x + h["out"](F.gelu(h["in"](h["ln2"](x))))
        return self.ln(x) @ self.tok.weight.T

    def paths(self):
        p = [("tok/W", self.tok.weight, same), ("pos/W", self.pos.weight, same)] + norm("ln", self.ln)
        for i, h in enumerate(self.h):
            for name, part in {"att/qkv": "qkv", "att/proj": "proj", "mlp/in": "in", "mlp/out": "out"}.items():
                p += linear(f"h{i}/{name}", h[part])
            p += norm(f"h{i}/ln1", h["ln1"]) + norm(f"h{i}/ln2", h["ln2"])
        return p


class RMSNorm(nn.Module):
    def __init__(self, d=D):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(d))

    def forward(self, x):
        return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + 1e-5) * self.weight


def rotate(x):
    """Turns pairs of neighbouring columns, as complex numbers."""
    d = x.shape[-1]
    angle = torch.arange(x.shape[1]).view(-1, 1) * 10000.0 ** (-torch.arange(0, d, 2) / d)
    c = torch.view_as_complex(x.unflatten(-1, (d // 2, 2)).contiguous()) * torch.polar(torch.ones_like(angle), angle).unsqueeze(1)
    return torch.view_as_real(c).flatten(-2)


class Modern(nn.Module):
    """models/modern.go with all of its parts, and a window of 3 keys in the first layer."""

    def __init__(self):
        super().__init__()
        f = lambda i, o: nn.Linear(i, o, bias=False)
        self.tok, self.norm, self.head = nn.Embedding(V, D), RMSNorm(), f(D, V)
        self.h = nn.ModuleList(nn.ModuleDict({"norm1": RMSNorm(), "qkv": f(D, 3 * D), "proj": f(D, D), "qnorm": RMSNorm(D // H), "knorm": RMSNorm(D // H),
                                              "tokens": nn.Embedding(V, D), "norm2": RMSNorm(), "in": f(D, 4 * D), "out": f(4 * D, D)}) for _ in range(L))

    def forward(self, tokens, _):
        x = self.tok(tokens)
        for i, h in enumerate(self.h):
            q, k, v = [p.unflatten(2, (H, D // H)) for p in h["qkv"](h["norm1"](x)).split(D, 2)]
            v = v + h["tokens"](tokens).unflatten(2, (H, D // H))
            x = x + h["proj"](attend(rotate(h["qnorm"](q)), rotate(h["knorm"](k)), v, 3 if i == 0 else None))
            x = x + h["out"](F.relu(h["in"](h["norm2"](x))) ** 2)
        return 15 * torch.tanh(self.head(self.norm(x)) / 15)

    def paths(self):
        p = [("tok/W", self.tok.weight, same)] + norm("norm", self.norm) + linear("head", self.head)
        for i, h in enumerate(self.h):
            for name, part in {"att/qkv": "qkv", "att/proj": "proj", "mlp/in": "in", "mlp/out": "out"}.items():
                p += linear(f"h{i}/{name}", h[part])
            for name, part in {"att/qnorm": "qnorm", "att/knorm": "knorm", "norm1": "norm1", "norm2": "norm2"}.items():
                p += norm(f"h{i}/{name}", h[part])
            p.append((f"h{i}/values/W", h["tokens"].weight, same))
        return p


class Llama(nn.Module):
    heads, kv = 6, 2

    def __init__(self, tied=False):
        super().__init__()
        d = D // self.heads
        f = lambda i, o: nn.Linear(i, o, bias=False)
        self.tok, self.norm, self.head = nn.Embedding(V, D), RMSNorm(), None if tied else f(D, V)
        self.h = nn.ModuleList(nn.ModuleDict({"norm1": RMSNorm(), "qkv": f(D, D + 2 * self.kv * d), "proj": f(D, D), "norm2": RMSNorm(),
                                              "gate": f(D, HIDDEN), "up": f(D, HIDDEN), "down": f(HIDDEN, D)}) for _ in range(L))

    def forward(self, tokens, _):
        x, d = self.tok(tokens), D // self.heads
        for h in self.h:
            q, k, v = [p.unflatten(2, (-1, d)) for p in h["qkv"](h["norm1"](x)).split([D, self.kv * d, self.kv * d], 2)]
            x = x + h["proj"](attend(rotate(q), rotate(k), v))
            y = h["norm2"](x)
            x = x + h["down"](F.silu(h["gate"](y)) * h["up"](y))
        x = self.norm(x)
        return self.head(x) if self.head else x @ self.tok.weight.T

    def paths(self):
        p = [("tok/W", self.tok.weight, same)] + norm("norm", self.norm) + (linear("head", self.head) if self.head else [])
        for i, h in enumerate(self.h):
            for name, part in {"att/qkv": "qkv", "att/proj": "proj", "mlp/gate": "gate", "mlp/up": "up", "mlp/down": "down"}.items():
                p += linear(f"h{i}/{name}", h[part])
            p += norm(f"h{i}/norm1", h["norm1"]) + norm(f"h{i}/norm2", h["norm2"])
        return p


class Encoder(nn.Module):
    def __init__(self, causal):
        super().__init__()
        self.causal = causal
        self.tok, self.pos, self.head = nn.Embedding(V, D), nn.Embedding(T + 3, D), nn.Linear(D, V)
        self.stack = nn.TransformerEncoder(nn.TransformerEncoderLayer(D, H, HIDDEN, dropout=0.0, activation="relu", batch_first=True), L)

    def forward(self, tokens, _):
        x = self.tok(tokens.clamp(min=0)) + self.pos.weight[:tokens.shape[1]]
        if self.causal:
            return self.head(self.stack(x, mask=later(tokens.shape[1])))
        return self.head(self.stack(x, src_key_padding_mask=tokens < 0))

    def paths(self):
        p = [("tok/W", self.tok.weight, same), ("pos/W", self.pos.weight, same)] + linear("head", self.head)
        for i, m in enumerate(self.stack.layers):
            p += encoder_layer(f"h{i}", m)
        return p


def sinusoids(n):
    angle = torch.arange(n).view(-1, 1) / 10000 ** (torch.arange(0, D, 2) / D)
    return torch.stack([angle.sin(), angle.cos()], -1).flatten(1)


class Transformer(nn.Module):
    def __init__(self, pre):
        super().__init__()
        self.pre = pre
        self.tok = nn.Embedding(V, D)
        self.net = nn.Transformer(D, H, L, L, HIDDEN, dropout=0.0, activation="gelu", norm_first=pre, batch_first=True)
        if pre:
            self.src_pos, self.tgt_pos = nn.Embedding(S, D), nn.Embedding(T, D)
        else:  # the paper has no further norm after the last layer
            self.net.encoder.norm = self.net.decoder.norm = None
            self.tgt, self.head = nn.Embedding(V, D), nn.Linear(D, V)

    def forward(self, tokens, source):
        pad = source < 0
        src = self.tok(source.clamp(min=0)) * math.sqrt(D)
        tgt = (self.tok if self.pre else self.tgt)(tokens) * math.sqrt(D)
        if self.pre:
            src, tgt = src + self.src_pos.weight[:src.shape[1]], tgt + self.tgt_pos.weight[:tgt.shape[1]]
        else:
            src, tgt = src + sinusoids(src.shape[1]), tgt + sinusoids(tgt.shape[1])
        y = self.net(src, tgt, tgt_mask=later(tgt.shape[1]), src_key_padding_mask=pad, memory_key_padding_mask=pad)
        return y @ self.tok.weight.T if self.pre else self.head(y)

    def paths(self):
        p = [("enc/tok/W", self.tok.weight, same)]
        if self.pre:
            p += [("enc/pos/W", self.src_pos.weight, same), ("dec/pos/W", self.tgt_pos.weight, same)]
            p += norm("enc/norm", self.net.encoder.norm) + norm("dec/norm", self.net.decoder.norm)
        else:
            p += [("dec/tok/W", self.tgt.weight, same)] + linear("head", self.head)
        for i in range(L):
            p += encoder_layer(f"enc/h{i}", self.net.encoder.layers[i]) + decoder_layer(f"dec/h{i}", self.net.decoder.layers[i])
        return p


def batch():
    """Three sequences, the second one shorter, with two targets of -1."""
    tokens = torch.randint(V, (B, T))
    targets = torch.randint(V, (B, T))
    source = torch.randint(V, (B, S))
    tokens[1, 5:], targets[1, 5:], targets[2, :2] = -1, -1, -1
    source[0, 4:], source[2, 2:] = -1, -1
    return tokens, targets, source


def case(name, model, smoothing=0.0):
    torch.manual_seed(5)
    with torch.no_grad():
        for p in model.parameters():  # far from symmetric initial values, and the same numbers in float32
            p.copy_((p + 0.2 * torch.randn_like(p)).float())
    tokens, targets, source = batch()
    known = tokens if isinstance(model, Encoder) else tokens.clamp(min=0)

    def loss():
        logits = model(known, source)
        return logits, F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-1, label_smoothing=smoothing)

    added = getattr(model, "added", lambda targets: 0)  # losses beside cross-entropy

    paths = model.paths()
    out = {"weights/" + path: f(p).float() for path, p, f in paths}
    logits, l = loss()
    (l + added(targets)).backward()
    out.update({"grads/" + path: f(p.grad).float() for path, p, f in paths})
    out.update(tokens=tokens, targets=targets, source=source, logits=logits.flatten(0, 1).float())
    ps = list(model.parameters())
    opt = torch.optim.AdamW([{"params": [p for p in ps if p.dim() > 1], "weight_decay": 0.1}, {"params": [p for p in ps if p.dim() < 2], "weight_decay": 0.0}],
                            lr=0.01, betas=(0.9, 0.99), eps=1e-8)
    losses = []
    for _ in range(11):
        opt.zero_grad()
        l = loss()[1]
        losses.append(l.detach())
        (l + added(targets)).backward()
        nn.utils.clip_grad_norm_(ps, 1.0)
        opt.step()
    out["losses"] = torch.stack(losses)
    save(os.path.join(here, name + ".safetensors"), out)
    print(name, [round(float(v), 4) for v in losses])


if __name__ == "__main__":
    for name, make in {"gpt": GPT, "llama": Llama, "modern": Modern, "encoder": lambda: Encoder(True), "encoder_bidirectional": lambda: Encoder(False),
                       "transformer": lambda: Transformer(False), "transformer_prenorm": lambda: Transformer(True)}.items():
        torch.manual_seed(11)
        case(name, make())
    for name, make, smoothing in ("gpt_without_bias", lambda: GPT(False), 0.0), ("llama_tied", lambda: Llama(True), 0.0), ("gpt_smoothed", GPT, 0.1):
        torch.manual_seed(11)
        case(name, make(), smoothing)
