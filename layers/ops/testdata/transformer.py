"""Writes transformer.json: what PyTorch computes for the ops of Transformers, in float64.

Rotary positions are complex products here, as in the RoFormer paper. Made with torch 1.13
on Debian 12:

    /usr/bin/python3 layers/ops/testdata/transformer.py
"""
import json, math, os
import torch
import torch.nn.functional as F

torch.manual_seed(22)
torch.set_default_dtype(torch.float64)
cases = {}


def pack(t):
    return {"shape": list(t.shape), "data": t.detach().flatten().tolist()}


def case(name, f, ints=None, **floats):
    for t in floats.values():
        t.requires_grad_(True)
    ints = ints or {}
    out = f(**floats, **ints)
    gout = torch.randn_like(out)
    grads = torch.autograd.grad(out, list(floats.values()), gout)
    cases[name] = {
        "floats": {k: pack(v) for k, v in floats.items()},
        "ints": {k: pack(v) for k, v in ints.items()},
        "out": pack(out), "gout": pack(gout), "grads": {k: pack(g) for k, g in zip(floats, grads)},
    }


def rotary(x, at, heads, d, base):
    angles = at.clamp(min=0).view(-1, 1) * base ** (-torch.arange(0, d, 2) / d)
    turned = torch.view_as_complex(x[:, :heads * d].reshape(-1, heads, d // 2, 2).contiguous()) * torch.polar(torch.ones_like(angles), angles).unsqueeze(1)
    return torch.cat([torch.view_as_real(turned).flatten(1), x[:, heads * d:]], 1)


def scores(q, k, sequences, heads, kv):
    t, c, d = q.shape[0] // sequences, k.shape[0] // sequences, q.shape[1] // heads
    q = q.view(sequences, t, heads, d).transpose(1, 2)
    k = k.view(sequences, c, kv, d).transpose(1, 2).repeat_interleave(heads // kv, 1)
    return (q @ k.transpose(-2, -1) / math.sqrt(d)).transpose(1, 2).reshape(sequences * t, heads * c)


def masked(s, sees, heads):
    n, c = s.shape[0], s.shape[1] // heads
    hidden = torch.arange(c).view(1, 1, c) >= sees.view(n, 1, 1)
    return torch.softmax(s.view(n, heads, c).masked_fill(hidden, -1e300), -1).masked_fill(hidden, 0).view(n, heads * c)


def mix(w, v, sequences, heads, kv):
    t, c, d = w.shape[0] // sequences, v.shape[0] // sequences, v.shape[1] // kv
    v = v.view(sequences, c, kv, d).transpose(1, 2).repeat_interleave(heads // kv, 1)
    return (w.view(sequences, t, heads, c).transpose(1, 2) @ v).transpose(1, 2).reshape(sequences * t, heads * d)


r = torch.randn
at = torch.tensor([0, 1, 5, -1, 2, 70, 3])
case("rotary", lambda x, at: rotary(x, at, 3, 4, 10000.0), ints={"at": at}, x=r(7, 12))
case("rotary beside values", lambda x, at: rotary(x, at, 2, 6, 100.0), ints={"at": at}, x=r(7, 17))
case("swiglu", lambda a, b: F.silu(a) * b, a=2 * r(7, 5), b=r(7, 5))
case("scale", lambda x: x * 1.7, x=r(7, 5))
case("scores", lambda q, k: scores(q, k, 2, 3, 3), q=r(10, 15), k=r(14, 15))
case("scores grouped", lambda q, k: scores(q, k, 2, 4, 2), q=r(10, 12), k=r(14, 6))
case("softmax", lambda s: torch.softmax(s.view(5, 2, 7), -1).view(5, 14), s=2 * r(5, 14))
case("softmax masked", lambda s, sees: masked(s, sees, 2), ints={"sees": torch.tensor([7, 1, 3, 0, 5])}, s=2 * r(5, 14))
case("mix", lambda w, v: mix(w, v, 2, 3, 3), w=r(10, 21), v=r(14, 15))
case("mix grouped", lambda w, v: mix(w, v, 2, 4, 2), w=r(10, 28), v=r(14, 6))


def alibi(s, sees, heads):
    n, c = s.shape[0], s.shape[1] // heads
    slopes = torch.tensor([2.0 ** (-8 * (h + 1) / heads) for h in range(heads)])
    distance = sees.view(n, 1, 1) - 1 - torch.arange(c)
    return (s.view(n, heads, c) - slopes.view(1, heads, 1) * distance).view(n, heads * c)


case("alibi", lambda s, sees: alibi(s, sees, 2), ints={"sees": torch.tensor([7, 1, 3, 0, 5])}, s=2 * r(5, 14))

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "transformer.json"), "w") as f:
    json.dump({"torch": torch.__version__, "cases": cases}, f)
