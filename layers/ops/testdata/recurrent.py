"""Writes recurrent.json: what PyTorch's own cells compute, in float64, step by step.

The cells of PyTorch multiply the inputs themselves; their input weights are the identity
here, because an op gets that product ready made. A row at position -1 is padding: the
state passes it. Made with torch 1.13 on Debian 12:

    /usr/bin/python3 layers/ops/testdata/recurrent.py
"""
import json, os
import torch

torch.manual_seed(21)
torch.set_default_dtype(torch.float64)
cases = {}


def pack(t):
    return {"shape": list(t.shape), "data": t.detach().flatten().tolist()}


def case(name, f, ints, **floats):
    for t in floats.values():
        t.requires_grad_(True)
    out = f(**floats, **ints)
    gout = torch.randn_like(out)
    grads = torch.autograd.grad(out, list(floats.values()), gout)
    cases[name] = {
        "floats": {k: pack(v) for k, v in floats.items()},
        "ints": {k: pack(v) for k, v in ints.items()},
        "out": pack(out), "gout": pack(gout), "grads": {k: pack(g) for k, g in zip(floats, grads)},
    }


def scan(step, z, prev, at, reverse):
    """Runs step(z_t, state) over all tokens of all sequences: z (B*T, .), prev (B, .), at (B*T)."""
    sequences = prev.shape[0]
    z, at = z.view(sequences, -1, z.shape[1]), at.view(sequences, -1, 1)
    order = list(range(z.shape[1]))
    state, states = prev, [None] * len(order)
    for t in reversed(order) if reverse else order:
        state = torch.where(at[:, t] < 0, state, step(z[:, t], state))
        states[t] = state
    return torch.stack(states, 1).view(-1, prev.shape[1])


def lstm(z, w, prev, at, reverse=False):
    h = w.shape[0]
    zero, one = torch.zeros(4 * h), torch.eye(4 * h)
    step = lambda z, s: torch.cat(torch.lstm_cell(z, [s[:, :h], s[:, h:]], one, w.T, zero, zero), 1)
    return scan(step, z, prev, at, reverse)


def gru(z, w, prev, at, b=None, reverse=False):
    h = w.shape[0]
    zero, one = torch.zeros(3 * h), torch.eye(3 * h)
    return scan(lambda z, s: torch.gru_cell(z, s, one, w.T, zero, zero if b is None else b[0]), z, prev, at, reverse)


def rnn(cell):
    def run(z, w, prev, at, reverse=False):
        h = w.shape[0]
        return scan(lambda z, s: cell(z, s, torch.eye(h), w.T, torch.zeros(h), torch.zeros(h)), z, prev, at, reverse)
    return run


r = torch.randn
ragged = torch.tensor([0, 1, 2, 3, 4,  0, 1, -1, -1, -1,  -1, -1, -1, -1, -1])  # the last sequence is all padding
whole = torch.tensor([7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 2, 3, 4, 5, 6])  # sequences that continue
for name, at in ("ragged", ragged), ("whole", whole):
    for way, reverse in ("forward", False), ("reverse", True):
        back = lambda f, reverse=reverse: lambda **k: f(reverse=reverse, **k)
        what = f" {way} {name}"
        case("lstm" + what, back(lstm), {"at": at}, z=r(15, 28), w=r(7, 28), prev=r(3, 14))
        case("gru" + what, back(gru), {"at": at}, z=r(15, 21), w=r(7, 21), prev=r(3, 7), b=r(1, 21))
        case("rnn" + what, back(rnn(torch.rnn_tanh_cell)), {"at": at}, z=r(15, 7), w=r(7, 7), prev=r(3, 7))
        case("relu" + what, back(rnn(torch.rnn_relu_cell)), {"at": at}, z=r(15, 7), w=0.3 * r(7, 7), prev=r(3, 7))
one = torch.tensor([4])
case("lstm forward one", lstm, {"at": one}, z=r(1, 12), w=r(3, 12), prev=r(1, 6))
case("gru forward one without bias", gru, {"at": one}, z=r(1, 9), w=r(3, 9), prev=r(1, 3))
case("lstm forward huge", lstm, {"at": torch.arange(4)}, z=300 * r(4, 12), w=50 * r(3, 12), prev=r(1, 6))


# Splitting two sequences of three tokens into steps, and joining them.
token = lambda t: lambda x: x.view(2, 3, -1)[:, t]
where = lambda t, of: lambda next, prev, at: torch.where(of(at.view(2, 3)[:, t:t + 1]), next, prev)
case("row", token(1), {}, x=r(6, 5))
case("join", lambda a, b: torch.cat([a, b], 1), {}, a=r(4, 3), b=r(4, 5))
case("begin", where(0, lambda at: at == 0), {"at": torch.tensor([4, 5, 6, 0, 1, -1])}, next=r(2, 5), prev=r(2, 5))

with open(os.path.join(os.path.dirname(__file__), "recurrent.json"), "w") as f:
    json.dump({"torch": torch.__version__, "cases": cases}, f)
