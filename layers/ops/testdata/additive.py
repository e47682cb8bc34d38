"""Writes additive.json: additive attention and Luong's scores in PyTorch, in float64.

A query without keys gets zeros. Made with torch 1.13 on Debian 12:

    /usr/bin/python3 layers/ops/testdata/additive.py
"""
import json, os
import torch

torch.manual_seed(22)
torch.set_default_dtype(torch.float64)
cases = {}


def pack(t):
    return {"shape": list(t.shape), "data": t.detach().flatten().tolist()}


def case(name, f, sequences, sees, **floats):
    for t in floats.values():
        t.requires_grad_(True)
    sees = torch.tensor(sees)
    out = f(sequences, sees, **floats)
    gout = torch.randn_like(out)
    grads = torch.autograd.grad(out, list(floats.values()), gout)
    cases[name] = {
        "floats": {k: pack(v) for k, v in floats.items()}, "ints": {"sees": pack(sees)},
        "out": pack(out), "gout": pack(gout), "grads": {k: pack(g) for k, g in zip(floats, grads)},
    }


def mix(sequences, sees, scores, values):
    """scores (B, T, C), values (B*C, D) -> (B*T, D)"""
    hidden = torch.arange(scores.shape[2]).view(1, 1, -1) >= sees.view(sequences, -1, 1)
    p = torch.softmax(scores.masked_fill(hidden, -1e300), -1).masked_fill(hidden, 0)
    return (p @ values.view(sequences, -1, values.shape[1])).view(-1, values.shape[1])


def additive(sequences, sees, q, k, u, values):
    q, k = q.view(sequences, -1, 1, q.shape[1]), k.view(sequences, 1, -1, k.shape[1])
    return mix(sequences, sees, torch.tanh(q + k) @ u[0], values)


def dot(sequences, sees, q, k):
    """Luong's dot: the keys are the values, and nothing is scaled."""
    return mix(sequences, sees, q.view(sequences, -1, q.shape[1]) @ k.view(sequences, -1, k.shape[1]).transpose(1, 2), k)


r = torch.randn
case("additive ragged", additive, 3, [5] * 2 + [3] * 2 + [0] * 2, q=r(6, 7), k=r(15, 7), u=r(1, 7), values=r(15, 11))
case("additive step", additive, 2, [3, 1], q=r(2, 7), k=r(6, 7), u=r(1, 7), values=r(6, 5))
case("additive causal", additive, 1, [1, 2, 3], q=2 * r(3, 5), k=2 * r(3, 5), u=2 * r(1, 5), values=r(3, 2))
case("dot ragged", dot, 3, [5] * 2 + [3] * 2 + [0] * 2, q=r(6, 7), k=r(15, 7))

with open(os.path.join(os.path.dirname(__file__), "additive.json"), "w") as f:
    json.dump({"torch": torch.__version__, "cases": cases}, f)
