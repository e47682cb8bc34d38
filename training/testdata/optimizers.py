"""Writes optimizers.json: ten steps of each optimizer on a matrix and a vector, from PyTorch, or
from the papers' algorithms where PyTorch has none.

	python3 training/testdata/optimizers.py training/testdata/optimizers.json
"""

import json
import math
import sys

import torch

torch.set_default_dtype(torch.float64)
LR, STEPS = 0.01, 10


def start():
    """The parameters: a matrix with weight decay, a vector without."""
    matrix = torch.tensor([[math.cos(1 + 3 * i + j) for j in range(3)] for i in range(4)])
    vector = torch.tensor([0.5, -0.5, 2.0])
    return matrix, vector


def gradients(step):
    """What the loss of a step has as gradients, whatever the parameters are."""
    matrix = torch.tensor([[math.sin(step + 5 * i + 11 * j) for j in range(3)] for i in range(4)])
    vector = torch.tensor([math.sin(2 * step + 7 * j) for j in range(3)])
    return matrix, vector


def of_torch(make, decay):
    """The parameters after each step of a torch optimizer."""
    matrix, vector = (torch.nn.Parameter(p) for p in start())
    optimizer = make([{"params": [matrix], "weight_decay": decay}, {"params": [vector], "weight_decay": 0}])
    after = []
    for step in range(1, STEPS + 1):
        matrix.grad, vector.grad = gradients(step)
        optimizer.step()
        after.append(matrix.flatten().tolist() + vector.tolist())
    return after


def of_update(update, decay):
    """The parameters after each step of update(p, grad, state, decay, step), which changes p."""
    params, states, after = start(), ({}, {}), []
    for step in range(1, STEPS + 1):
        for p, g, state, d in zip(params, gradients(step), states, (decay, 0)):
            update(p, g, state, d, step)
        after.append(torch.cat([p.flatten() for p in params]).tolist())
    return after


def lion(p, g, state, decay, step, beta1=0.9, beta2=0.99):
    """Chen et al. 2023, algorithm 2."""
    m = state.get("m", torch.zeros_like(p))
    c = beta1 * m + (1 - beta1) * g
    p -= LR * (torch.sign(c) + decay * p)
    state["m"] = beta2 * m + (1 - beta2) * g


def schedule_free(p, g, state, decay, step, beta1=0.9, beta2=0.99, eps=1e-8):
    """Defazio et al. 2024, algorithm 1, without a warm-up. p is y, where gradients are taken."""
    if step == 1:
        state.update(z=p.clone(), x=p.clone(), v=torch.zeros_like(p), total=0.0)
    v = beta2 * state["v"] + (1 - beta2) * g * g
    rate = LR * math.sqrt(1 - beta2**step)
    z = state["z"] - rate * g / (v.sqrt() + eps) - rate * decay * p
    total = state["total"] + rate**2
    c = rate**2 / total
    x = (1 - c) * state["x"] + c * z
    state.update(z=z, x=x, v=v, total=total)
    p.copy_((1 - beta1) * z + beta1 * x)


def newton_schulz(g, steps=5):
    """Jordan et al. 2024."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = g / (g.norm() + 1e-7)
    if g.size(0) > g.size(1):
        x = x.T
    for _ in range(steps):
        s = x @ x.T
        x = a * x + (b * s + c * s @ s) @ x
    return x.T if g.size(0) > g.size(1) else x


def muon(p, g, state, decay, step, momentum=0.95, matrix_lr=0.02):
    """Jordan et al. 2024 for matrices of (in, out), AdamW for all else."""
    if p.dim() != 2:
        m = 0.9 * state.get("m", torch.zeros_like(p)) + 0.1 * g
        v = 0.99 * state.get("v", torch.zeros_like(p)) + 0.01 * g * g
        state.update(m=m, v=v)
        p -= LR * (m / (1 - 0.9**step)) / ((v / (1 - 0.99**step)).sqrt() + 1e-8)
        return
    state["m"] = momentum * state.get("m", torch.zeros_like(p)) + g
    o = newton_schulz(g + momentum * state["m"])
    p *= 1 - matrix_lr * decay
    p -= matrix_lr * max(1, p.size(1) / p.size(0)) ** 0.5 * o


optim, betas = torch.optim, (0.9, 0.99)
cases = [
    ({"name": "sgd"}, of_torch(lambda ps: optim.SGD(ps, LR), 0.1)),
    ({"name": "sgd", "momentum": 0.9}, of_torch(lambda ps: optim.SGD(ps, LR, momentum=0.9), 0.1)),
    ({"name": "sgd", "momentum": 0.9, "nesterov": True}, of_torch(lambda ps: optim.SGD(ps, LR, momentum=0.9, nesterov=True), 0.1)),
    ({"name": "adam"}, of_torch(lambda ps: optim.Adam(ps, LR, betas=betas), 0.1)),
    ({"name": "adamw"}, of_torch(lambda ps: optim.AdamW(ps, LR, betas=betas), 0.1)),
    ({"name": "rmsprop"}, of_torch(lambda ps: optim.RMSprop(ps, LR, alpha=0.99), 0.1)),
    ({"name": "rmsprop", "momentum": 0.9}, of_torch(lambda ps: optim.RMSprop(ps, LR, alpha=0.99, momentum=0.9), 0.1)),
    ({"name": "adagrad"}, of_torch(lambda ps: optim.Adagrad(ps, LR, eps=1e-8), 0.1)),
    ({"name": "lion"}, of_update(lion, 0.1)),
    ({"name": "muon", "momentum": 0.95}, of_update(muon, 0.1)),
    ({"name": "schedulefree"}, of_update(schedule_free, 0.1)),
]
names = ["name", "momentum", "nesterov"]
with open(sys.argv[1], "w") as f:
    json.dump([{**{k: v for k, v in c.items() if k in names}, "after": [[round(x, 9) for x in step] for step in after]} for c, after in cases], f)
    f.write("\n")
