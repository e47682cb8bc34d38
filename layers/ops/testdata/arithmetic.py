"""Writes arithmetic.json: sums, products, functions, reductions and choices in PyTorch, in float64.

The name of a case begins with that of the op; what follows tells cases apart. Made with
torch 1.13 on Debian 12:

    /usr/bin/python3 layers/ops/testdata/arithmetic.py
"""
import json, os
import torch

torch.manual_seed(23)
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


r = torch.randn
away = lambda *shape: (torch.rand(*shape) + 0.5) * torch.sign(torch.randn(*shape))  # from 0
binary = {"add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b, "div": lambda a, b: a / b}
for name, f in binary.items():
    for kind, shape in {"row": (7,), "matrix of one row": (1, 7), "column": (4, 1), "value": (1,), "matrix of one value": (1, 1)}.items():
        case(f"{name} a {kind}", f, a=away(*shape), b=away(4, 7))
        case(f"{name} by a {kind}", f, a=away(4, 7), b=away(*shape))
    case(f"{name} columns", f, a=away(4, 1), b=away(1, 1))
    case(f"{name} rows", f, a=away(1, 7), b=away(1, 7))
    case(f"{name} vectors", f, a=away(5), b=away(5))
    case(f"{name} matrices", f, a=away(4, 7), b=away(4, 7))

case("neg", lambda x: -x, x=r(4, 7))
case("scalar", lambda x: x + 1.7, x=r(4, 7))
case("one_minus", lambda x: 1 - x, x=r(4, 7))
case("exp", lambda x: torch.exp(x), x=r(4, 7))
case("log", lambda x: torch.log(x), x=away(4, 7).abs())
case("sqrt", lambda x: torch.sqrt(x), x=away(4, 7).abs())
case("square", lambda x: torch.square(x), x=r(4, 7))
case("abs", lambda x: torch.abs(x), x=away(4, 7))
case("clip", lambda x: x.clamp(-0.7, 0.3), x=r(4, 7))
case("max", lambda a, b: torch.maximum(a, b), a=r(4, 7), b=r(4, 7))
case("min", lambda a, b: torch.minimum(a, b), a=r(4, 7), b=r(4, 7))
ties = torch.tensor([[1.0, 2, 3], [0, -1, 4]])
case("max with ties", lambda a, b: torch.maximum(a, b), a=ties.clone(), b=torch.tensor([[1.0, 3, 2], [0, -1, 5]]))
case("min with ties", lambda a, b: torch.minimum(a, b), a=ties.clone(), b=torch.tensor([[1.0, 3, 2], [0, -1, 5]]))

case("matmul", lambda a, b: a @ b, a=r(5, 3), b=r(3, 7))
case("matmulT", lambda a, b: a @ b.T, a=r(5, 3), b=r(7, 3))
case("Tmatmul", lambda a, b: a.T @ b, a=r(5, 3), b=r(5, 7))
case("Tmatmul of columns", lambda a, b: a.T @ b, a=r(5, 1), b=r(5, 1))

for axis, name in enumerate(["rows", "columns"]):
    for shape in [(4, 7), (1, 7), (4, 1)]:
        case(f"sum_{name} {shape}", lambda x: x.sum(axis, keepdim=True), x=r(*shape))
        case(f"mean_{name} {shape}", lambda x: x.mean(axis, keepdim=True), x=r(*shape))
        case(f"max_{name} {shape}", lambda x: x.max(axis, keepdim=True)[0], x=r(*shape))

case("concat", lambda a, b, c: torch.cat([a, b, c], 1), a=r(4, 3), b=r(4, 1), c=r(4, 5))
case("concat one", lambda a: a.clone(), a=r(4, 3))
case("rows", lambda x: x[2:5], x=r(7, 3))
mask = torch.tensor([1, 0, 5, -1])
case("where", lambda a, b, mask: torch.where(mask.view(-1, 1) > 0, a, b), ints={"mask": mask}, a=r(4, 3), b=r(4, 3))
case("where column", lambda a, b, mask: torch.where(mask > 0, a, b), ints={"mask": mask.view(-1, 1)}, a=r(4, 3), b=r(4, 3))
case("mask", lambda x, mask: x * (mask.view(-1, 1) > 0), ints={"mask": mask}, x=r(4, 3))


def gate(x, k):
    chosen = torch.zeros_like(x).scatter(1, x.topk(k, 1)[1], 1.0) > 0
    return torch.softmax(x.masked_fill(~chosen, float("-inf")), 1)


for k in [1, 2, 5]:
    case(f"gate {k}", lambda x: gate(x, k), x=2 * r(6, 5))

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "arithmetic.json"), "w") as f:
    json.dump({"torch": torch.__version__, "cases": cases}, f)
