"""Writes pointer.json: the pointer-generator's mixture (See, Liu and Manning 2017, eq. 9) and scores that read
a coverage (eq. 11) in PyTorch, in float64, from probabilities. A row without weights generates. Made with
torch 1.13 on Debian 12:

    /usr/bin/python3 layers/ops/testdata/pointer.py
"""
import json, os
import torch

torch.manual_seed(26)
torch.set_default_dtype(torch.float64)
cases = {}


def pack(t):
    return {"shape": list(t.shape), "data": t.detach().flatten().tolist()}


def case(name, f, ints, **floats):
    ints = {k: torch.tensor(v) for k, v in ints.items()}
    for t in floats.values():
        t.requires_grad_(True)
    out = f(**ints, **floats)
    gout = torch.randn_like(out)
    grads = torch.autograd.grad(out, list(floats.values()), gout, allow_unused=True)
    cases[name] = {
        "floats": {k: pack(v) for k, v in floats.items()}, "ints": {k: pack(v) for k, v in ints.items()},
        "out": pack(out), "gout": pack(gout),
        "grads": {k: pack(torch.zeros_like(floats[k]) if g is None else g) for k, g in zip(floats, grads)},
    }


def copies(tokens, weights, vocab):
    """tokens (B*C), weights (N, C) -> (N, vocab)"""
    c = weights.shape[1]
    ids = tokens.view(-1, c).repeat_interleave(weights.shape[0] * c // len(tokens), 0)
    return torch.zeros(len(weights), vocab).scatter_add(1, ids.clamp(min=0), weights * (ids >= 0))


def pointer(tokens, logits, gate, weights):
    g = torch.where(weights.sum(1, keepdim=True) == 0, torch.ones(1), torch.sigmoid(gate))
    return torch.log(g * logits.softmax(1) + (1 - g) * copies(tokens, weights, logits.shape[1]))


def scores(sees, q, k, u, coverage, w):
    """q (B*T, A), k (B*C, A), coverage (B*T, C); keys that a row does not attend to have 0"""
    b = q.shape[0] * coverage.shape[1] // k.shape[0]  # T
    n = q.shape[0] // b
    z = q.view(n, b, 1, -1) + k.view(n, 1, coverage.shape[1], -1) + coverage.view(n, b, -1, 1) * w[0]
    seen = torch.arange(coverage.shape[1]).view(1, -1) < sees.view(-1, 1)
    return (torch.tanh(z) @ u[0]).flatten(0, 1) * seen


def attention(*lengths, of):
    """Rows of softmax weights over the first of so many keys."""
    w = torch.randn(len(lengths), of).exp()
    w = w * (torch.arange(of).view(1, -1) < torch.tensor(lengths).view(-1, 1))
    return w / w.sum(1, keepdim=True).clamp(min=1e-300)


r = torch.randn
case("pointer", pointer, {"tokens": [3, 6, 3, 0, 1, 2, 3, -1]}, logits=r(4, 7), gate=r(4, 1), weights=attention(4, 4, 3, 3, of=4))
case("pointer repeats", pointer, {"tokens": [5, 5, 5, 1, 5]}, logits=3 * r(3, 6), gate=2 * r(3, 1), weights=attention(3, 4, 5, of=5))
case("pointer empty", pointer, {"tokens": [-1, -1, -1, 2, 0, -1]}, logits=r(2, 4), gate=r(2, 1), weights=attention(0, 2, of=3))
case("covered scores", scores, {"sees": [5] * 2 + [3] * 2 + [0] * 2}, q=r(6, 7), k=r(15, 7), u=r(1, 7), coverage=r(6, 5).abs(), w=r(1, 7))

with open(os.path.join(os.path.dirname(__file__), "pointer.json"), "w") as f:
    json.dump({"torch": torch.__version__, "cases": cases}, f)
