"""Writes reference.json: what PyTorch computes for the ops of this package, in float64.

Each case has its inputs, its output, a gradient of the output, and the gradients of the
inputs that PyTorch derives from it. Made with torch 1.13 on Debian 12:

    /usr/bin/python3 layers/ops/testdata/reference.py
"""
import json, math, os
import torch
import torch.nn.functional as F

torch.manual_seed(20)
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
    grads = torch.autograd.grad(out, list(floats.values()), gout, allow_unused=True)
    cases[name] = {
        "floats": {k: pack(v) for k, v in floats.items()},
        "ints": {k: pack(v) for k, v in ints.items()},
        "out": pack(out), "gout": pack(gout),
        "grads": {k: pack(torch.zeros_like(v) if g is None else g) for (k, v), g in zip(floats.items(), grads)},
    }


r = torch.randn
acts = {"": lambda z: z, "relu": F.relu, "gelu": F.gelu, "gelu_tanh": lambda z: F.gelu(z, approximate="tanh"),
        "silu": F.silu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}
for a, f in acts.items():
    case("linear " + a, lambda x, w, b, f=f: f(x @ w + b), x=r(7, 5), w=r(5, 3), b=r(1, 3))
    if a:
        case("activate " + a, lambda x, f=f: f(x), x=2 * r(7, 5))
case("linear without bias", lambda x, w: x @ w, x=r(7, 5), w=r(5, 3))
case("linear of one row", lambda x, w, b: x @ w + b, x=r(1, 5), w=r(5, 3), b=r(1, 3))
case("linearT", lambda x, w: x @ w.T, x=r(7, 5), w=r(11, 5))
case("linearT gelu", lambda x, w, b: F.gelu(x @ w.T + b), x=r(7, 5), w=r(3, 5), b=r(1, 3))


def gather(table, ids):
    y = table[ids.clamp(min=0)]
    return y * (ids >= 0).unsqueeze(1)


case("gather", gather, ints={"ids": torch.tensor([3, 0, -1, 3, 6, 3])}, table=r(7, 5))
case("columns", lambda x: x[:, 2:5], x=r(4, 7))
case("add", lambda a, b: a + b, a=r(4, 7), b=r(4, 7))
case("mul", lambda a, b: a * b, a=r(4, 7), b=r(4, 7))
case("layernorm", lambda x, gain, bias: F.layer_norm(x, (11,), gain[0], bias[0]), x=3 * r(5, 11) + 2, gain=r(1, 11), bias=r(1, 11))
case("layernorm without bias", lambda x, gain: F.layer_norm(x, (11,), gain[0]), x=r(5, 11), gain=r(1, 11))
case("rmsnorm", lambda x, gain: x / torch.sqrt((x * x).mean(-1, keepdim=True) + 1e-5) * gain, x=3 * r(5, 11), gain=r(1, 11))


def attention(q, k, v, sees, sequences, heads, kv, alibi=False, window=None):
    """Scaled dot-product attention; row r attends to the first sees[r] keys of its sequence, or to the last of them in a window."""
    t, c, d = q.shape[0] // sequences, k.shape[0] // sequences, q.shape[1] // heads
    split = lambda x, n, h: x.view(sequences, n, h, d).transpose(1, 2)
    q, k, v = split(q, t, heads), split(k, c, kv), split(v, c, kv)
    k, v = k.repeat_interleave(heads // kv, 1), v.repeat_interleave(heads // kv, 1)
    s = q @ k.transpose(-2, -1) / math.sqrt(d)
    if alibi:
        slopes = torch.tensor([2.0 ** (-8 * (h + 1) / heads) for h in range(heads)])
        s = s - slopes.view(1, heads, 1, 1) * (torch.arange(t).view(-1, 1) - torch.arange(c)).abs()
    hidden = torch.arange(c).view(1, 1, 1, c) >= sees.view(sequences, 1, t, 1)
    if window:
        hidden = hidden | (torch.arange(c).view(1, 1, 1, c) < sees.view(sequences, 1, t, 1) - window)
    p = torch.softmax(s.masked_fill(hidden, -1e300), -1).masked_fill(hidden, 0)
    return (p @ v).transpose(1, 2).reshape(sequences * t, heads * d)


def seen(*rows):
    return torch.tensor([n for row in rows for n in row])


causal = seen(*[range(1, 8)] * 2)
case("attention causal", lambda q, k, v, sees: attention(q, k, v, sees, 2, 3, 3), ints={"sees": causal}, q=r(14, 15), k=r(14, 15), v=r(14, 15))
case("attention padded", lambda q, k, v, sees: attention(q, k, v, sees, 3, 2, 2),
     ints={"sees": seen([5] * 2, [3] * 2, [0] * 2)}, q=r(6, 10), k=r(15, 10), v=r(15, 10))
case("attention grouped", lambda q, k, v, sees: attention(q, k, v, sees, 2, 4, 2), ints={"sees": causal}, q=r(14, 12), k=r(14, 6), v=r(14, 6))
case("attention alibi", lambda q, k, v, sees: attention(q, k, v, sees, 2, 3, 3, True), ints={"sees": causal}, q=r(14, 15), k=r(14, 15), v=r(14, 15))
case("attention long", lambda q, k, v, sees: attention(q, k, v, sees, 1, 1, 1), ints={"sees": torch.arange(1, 72)}, q=r(71, 3), k=r(71, 3), v=r(71, 3))
case("attention packed", lambda qkv, sees: attention(qkv[:, :15], qkv[:, 15:30], qkv[:, 30:], sees, 2, 3, 3), ints={"sees": causal}, qkv=r(14, 45))

ids = torch.tensor([2, -1, 0, 10, 5, -1, 7])
loss = lambda logits, targets, eps=0.0: F.cross_entropy(logits, targets, ignore_index=-1, reduction="none", label_smoothing=eps)
case("cross entropy", loss, ints={"targets": ids}, logits=4 * r(7, 11))
case("cross entropy smoothed", lambda logits, targets: loss(logits, targets, 0.1), ints={"targets": ids}, logits=4 * r(7, 11))

case("linear relu2", lambda x, w, b: F.relu(x @ w + b) ** 2, x=r(7, 5), w=r(5, 3), b=r(1, 3))
case("activate relu2", lambda x: F.relu(x) ** 2, x=2 * r(7, 5))
case("headnorm", lambda x, gain: (x.view(5, 3, 4) / torch.sqrt((x.view(5, 3, 4) ** 2).mean(-1, keepdim=True) + 1e-5) * gain).reshape(5, 12), x=3 * r(5, 12), gain=r(1, 4))
case("attention window", lambda q, k, v, sees: attention(q, k, v, sees, 2, 4, 2, window=3), ints={"sees": causal}, q=r(14, 12), k=r(14, 6), v=r(14, 6))
case("attention window long", lambda q, k, v, sees: attention(q, k, v, sees, 1, 1, 1, window=9), ints={"sees": torch.arange(1, 72)}, q=r(71, 3), k=r(71, 3), v=r(71, 3))
case("attention window padded", lambda q, k, v, sees: attention(q, k, v, sees, 3, 2, 2, window=2),
     ints={"sees": seen([5] * 2, [3] * 2, [0] * 2)}, q=r(6, 10), k=r(15, 10), v=r(15, 10))

with open(os.path.join(os.path.dirname(__file__), "reference.json"), "w") as f:
    json.dump({"torch": torch.__version__, "cases": cases}, f)
