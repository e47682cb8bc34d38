"""Writes sequence.json: recurrences, shifts and convolutions over sequences in PyTorch, in float64.

A row at position -1 is padding: each sequence is cut out without its padding, and what
PyTorch computes for it is put back; the convolution is torch's own. Made with torch 1.13
on Debian 12:

    /usr/bin/python3 layers/ops/testdata/sequence.py
"""
import json, os
import torch
import torch.nn.functional as F

torch.manual_seed(24)
torch.set_default_dtype(torch.float64)
cases = {}


def pack(t):
    return {"shape": list(t.shape), "data": t.detach().flatten().tolist()}


def case(name, f, at, **floats):
    for t in floats.values():
        t.requires_grad_(True)
    at = torch.tensor(at)
    out = f(at=at, **floats)
    gout = torch.randn_like(out)
    grads = torch.autograd.grad(out, list(floats.values()), gout)
    cases[name] = {
        "floats": {k: pack(v) for k, v in floats.items()}, "ints": {"at": pack(at.flatten())},
        "out": pack(out), "gout": pack(gout), "grads": {k: pack(g) for k, g in zip(floats, grads)},
    }


def scan(step, prev, at, *xs):
    """The state after each token, (B*T, D); at is (B, T). Padding keeps the state."""
    xs = [x.view(*at.shape, -1) for x in xs]
    state, states = prev, []
    for t in range(at.shape[1]):
        state = torch.where(at[:, t:t + 1] < 0, state, step(state, *[x[:, t] for x in xs]))
        states.append(state)
    return torch.stack(states, 1).view(-1, prev.shape[1])


def without_padding(f, at, x):
    """f of each sequence's tokens, (n, D), with zeros where the padding was."""
    x, rows = x.view(*at.shape, -1), []
    for seq in range(at.shape[0]):
        live = (at[seq] >= 0).nonzero().flatten()
        y = torch.zeros_like(x[seq])
        rows.append(y.index_copy(0, live, f(seq, x[seq][live])) if len(live) else y)
    return torch.cat(rows)


def recurrence(a, b, prev, at):
    return scan(lambda h, a, b: a * h + b, prev, at, a, b)


def cumsum(x, prev, at):
    return scan(lambda h, x: h + x, prev, at, x)


def shift(x, prev, at):
    return without_padding(lambda seq, x: torch.cat([prev[seq:seq + 1], x[:-1]]), at, x)


def conv(x, w, prev, at, b=None):
    d = x.shape[1]

    def one(seq, x):
        x = torch.cat([prev[seq].view(-1, d), x])
        return F.conv1d(x.T.unsqueeze(0), w.T.unsqueeze(1), None if b is None else b[0], groups=d)[0].T
    return without_padding(one, at, x)


r = torch.randn
layouts = {
    "ragged": [[0, 1, 2, 3, 4], [3, 4, -1, -1, -1], [-1, -1, -1, -1, -1]],
    "holes": [[0, -1, 1, 2, -1], [-1, -1, 0, 1, 2]],
    "step": [[0], [7], [-1]],
}
for name, at in layouts.items():
    b, n = len(at), len(at) * len(at[0])
    case("recurrence " + name, recurrence, at, a=torch.sigmoid(2 * r(n, 7)), b=r(n, 7), prev=r(b, 7))
    case("cumsum " + name, cumsum, at, x=r(n, 7), prev=r(b, 7))
    case("shift " + name, shift, at, x=r(n, 7), prev=r(b, 7))
    for taps in [2, 4]:
        case(f"conv {name} of {taps}", conv, at, x=r(n, 7), w=r(taps, 7), prev=r(b, (taps - 1) * 7), b=r(1, 7))
    case(f"conv {name} without bias", conv, at, x=r(n, 7), w=r(3, 7), prev=r(b, 2 * 7))

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "sequence.json"), "w") as f:
    json.dump({"torch": torch.__version__, "cases": cases}, f)
