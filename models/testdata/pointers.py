"""Writes a file NAME.safetensors for each model of this package that copies, as transformers.py does for the
others: the pointer-generator of See, Liu and Manning 2017 over gpt, nn.Transformer and an LSTM with input
feeding, with coverage and guided attention (Tachibana et al. 2018). The mixture is the paper's, computed from
probabilities. Made with torch 1.13 on Debian 12:

    /usr/bin/python3 models/testdata/pointers.py
"""
import math
import torch
import torch.nn.functional as F
from torch import nn
from recurrent import cell, encode
from transformers import D, H, HIDDEN, S, T, V, GPT, Transformer, case, later, linear, same


def mixture(logits, gate, weights, ids):
    """logits (B, T, V), gate (B, T, 1), weights (B, T, C), ids (B, C), -1 for padding"""
    known = weights * (ids >= 0).unsqueeze(1)
    copies = torch.zeros_like(logits).scatter_add(2, ids.clamp(min=0).unsqueeze(1).expand_as(weights), known)
    g = torch.sigmoid(gate)
    return torch.log(g * logits.softmax(-1) + (1 - g) * copies)


def mean(rows, targets):
    """The mean of rows (B, T) that have a target."""
    return rows[targets >= 0].mean()


class CopyGPT(GPT):
    """The first head of the last block copies from earlier tokens."""

    def __init__(self):
        super().__init__()
        self.gate = nn.Linear(D, 1)

    def forward(self, tokens, _):
        x, d = self.tok(tokens) + self.pos.weight[:tokens.shape[1]], D // H
        for h in self.h:
            q, k, v = [p.unflatten(2, (H, d)).transpose(1, 2) for p in h["qkv"](h["ln1"](x)).split(D, 2)]
            w = (q @ k.transpose(2, 3) / math.sqrt(d)).masked_fill(later(tokens.shape[1]), -math.inf).softmax(-1)
            x = x + h["proj"]((w @ v).transpose(1, 2).flatten(2))
            x = x + h["out"](F.gelu(h["in"](h["ln2"](x))))
        x = self.ln(x)
        return mixture(x @ self.tok.weight.T, self.gate(x), w[:, 0], tokens)

    def paths(self):
        return super().paths() + linear("pointer/gate", self.gate)


class CopyTransformer(Transformer):
    """The first head of the last cross-attention copies from the source, and is guided."""

    def __init__(self):
        super().__init__(True)
        self.gate = nn.Linear(D, 1)
        self.net.decoder.layers[-1].multihead_attn.register_forward_hook(self.look)
        self.net.decoder.norm.register_forward_hook(lambda m, _, y: setattr(self, "top", y))

    def look(self, m, operands, _):
        d = D // H
        q = F.linear(operands[0], m.in_proj_weight[:d], m.in_proj_bias[:d])
        k = F.linear(operands[1], m.in_proj_weight[D:D + d], m.in_proj_bias[D:D + d])
        self.scores = q @ k.transpose(1, 2) / math.sqrt(d)

    def forward(self, tokens, source):
        logits = super().forward(tokens, source)
        self.lengths = (source >= 0).sum(1)
        self.weights = self.scores.masked_fill((source < 0).unsqueeze(1), -math.inf).softmax(-1)
        return mixture(logits, self.gate(self.top), self.weights, source)

    def added(self, targets):
        return 0.7 * mean(guide(self.weights, self.lengths), targets)

    def paths(self):
        return super().paths() + linear("pointer/gate", self.gate)


def guide(weights, source_lengths):
    """How far weights (B, T, S) lie off the diagonal; the second sequence of the batch has five tokens."""
    t = torch.tensor([T, 5, T]).view(-1, 1, 1)
    off = torch.arange(S) / source_lengths.view(-1, 1, 1) - torch.arange(T).view(1, -1, 1) / t
    return (weights * (1 - torch.exp(-off ** 2 / (2 * 0.2 ** 2)))).sum(-1)


class Covered(nn.Module):
    """An LSTM with input feeding after Luong et al., whose attention reads its coverage."""

    def __init__(self, product):
        super().__init__()
        h = HIDDEN
        self.product = product
        self.src, self.tgt, self.enc = nn.Embedding(V, D), nn.Embedding(V, D), nn.LSTM(D, h, batch_first=True)
        self.dec, self.q = nn.LSTMCell(D + h, h), nn.Linear(h, h, bias=False)
        self.mix, self.head, self.gate = nn.Linear(2 * h, h), nn.Linear(h, V), nn.Linear(h, 1)
        self.cover = nn.Parameter(torch.zeros(1) if product else torch.randn(h))
        if not product:
            self.k, self.v = nn.Linear(h, h, bias=False), nn.Parameter(torch.randn(h))

    def scores(self, h, states, coverage):
        if self.product:
            return (states @ self.q(h).unsqueeze(2)).squeeze(2) + coverage * self.cover
        return torch.tanh(self.q(h).unsqueeze(1) + self.k(states) + coverage.unsqueeze(2) * self.cover) @ self.v

    def forward(self, tokens, source):
        lengths = (source >= 0).sum(1)
        states, (h, c) = encode(self.enc, self.src(source.clamp(min=0)), lengths)
        h, c, mixed = h[0], c[0], torch.zeros(len(tokens), HIDDEN)
        keys = lengths if self.product else lengths - 1  # the end of the source is masked
        hidden = torch.arange(S).view(1, S) >= keys.view(-1, 1)
        coverage, out, weights, again = torch.zeros(len(tokens), S), [], [], []
        for x in self.tgt(tokens).unbind(1):
            h, c = self.dec(torch.cat([x, mixed], 1), (h, c))
            w = self.scores(h, states, coverage).masked_fill(hidden, -torch.inf).softmax(-1)
            again.append(torch.minimum(w, coverage).sum(1))
            coverage = coverage + w
            mixed = torch.tanh(self.mix(torch.cat([(w.unsqueeze(1) @ states).squeeze(1), h], 1)))
            out.append(mixed)
            weights.append(w)
        x, self.weights, self.again, self.keys = torch.stack(out, 1), torch.stack(weights, 1), torch.stack(again, 1), keys
        return self.head(x) if self.product else mixture(self.head(x), self.gate(x), self.weights, source)

    def added(self, targets):
        guided = 0.3 * mean(guide(self.weights, self.keys), targets) if self.product else 0
        return 0.5 * mean(self.again, targets) + guided

    def paths(self):
        p = [("enc/tok/W", self.src.weight, same), ("dec/tok/W", self.tgt.weight, same), ("dec/cross/coverage", self.cover, same)]
        p += cell("enc/lstm0", self.enc) + cell("dec/lstm0", self.dec) + linear("dec/cross/q", self.q) + linear("dec/mix", self.mix) + linear("head", self.head)
        if self.product:
            self.gate.requires_grad_(False)
            return p
        return p + linear("dec/cross/k", self.k) + [("dec/cross/v", self.v, same)] + linear("pointer/gate", self.gate)


for name, make in {"gpt_pointer": CopyGPT, "transformer_pointer": CopyTransformer, "seq2seq_pointer": lambda: Covered(False), "seq2seq_covered": lambda: Covered(True)}.items():
    torch.manual_seed(13)
    case(name, make())
