"""Measures the workloads of package bench in PyTorch: eager mode, on the CPU.

Prints one line: the workload, threads, the median time of a step or token, tokens per
second, CPU time per step or token over all threads, and peak memory.
"""
import argparse
import math
import resource
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F

WORKLOADS = {
    # nanoGPT's configurations for Shakespeare by characters: on a CPU, and in full
    "gpt-char-cpu": dict(kind="gpt", vocab=65, dim=128, layers=4, heads=4, context=64, batch=12),
    "gpt-char-full": dict(kind="gpt", vocab=65, dim=384, layers=6, heads=6, context=256, batch=16, dropout=0.2),
    # GPT-2's vocabulary
    "gpt-bpe": dict(kind="gpt", vocab=50257, dim=256, layers=4, heads=4, context=128, batch=4),
    # GPT-2's smallest model, on short sequences
    "gpt-124m": dict(kind="gpt", vocab=50257, dim=768, layers=12, heads=12, context=64, batch=4),
    # char-rnn's default size, and a small one
    "lstm-char": dict(kind="lstm", vocab=65, dim=512, layers=2, context=50, batch=50),
    "lstm-small": dict(kind="lstm", vocab=65, dim=128, layers=2, context=50, batch=50),
    "gen-lstm": dict(kind="generate-lstm", vocab=65, dim=512, layers=2),
    # batch 1, token by token, with cached keys and values
    "gen-gpt2": dict(kind="generate", vocab=50257, dim=768, layers=12, heads=12, context=1024),
    "gen-char": dict(kind="generate", vocab=65, dim=384, layers=6, heads=6, context=256),
}

GENERATED = 128  # tokens before generation restarts


class Block(nn.Module):
    """Pre-norm Transformer block: attention and an MLP, each after a LayerNorm, with residuals."""

    def __init__(self, dim, heads, context, dropout):
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.ln1, self.ln2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.fc, self.out = nn.Linear(dim, 4 * dim), nn.Linear(4 * dim, dim)
        self.register_buffer("mask", torch.tril(torch.ones(context, context)).view(1, 1, context, context))

    def drop(self, x):
        return F.dropout(x, self.dropout, self.training)

    def attention(self, x, cache):
        batch, length, dim = x.shape
        q, k, v = (
            part.view(batch, length, self.heads, dim // self.heads).transpose(1, 2)
            for part in self.qkv(x).split(dim, 2)
        )
        if cache is not None:
            if cache:
                k, v = torch.cat([cache[0], k], 2), torch.cat([cache[1], v], 2)
            cache[:] = k, v
        weights = (q @ k.transpose(-2, -1)) * (1 / math.sqrt(dim // self.heads))
        if length > 1:
            weights = weights.masked_fill(self.mask[:, :, :length, :length] == 0, float("-inf"))
        y = self.drop(F.softmax(weights, -1)) @ v
        return self.proj(y.transpose(1, 2).contiguous().view(batch, length, dim))

    def forward(self, x, cache=None):
        x = x + self.drop(self.attention(self.ln1(x), cache))
        return x + self.drop(self.out(F.gelu(self.fc(self.ln2(x)))))


class GPT(nn.Module):
    def __init__(self, vocab, dim, layers, heads, context, dropout=0.0):
        super().__init__()
        self.tok, self.pos = nn.Embedding(vocab, dim), nn.Embedding(context, dim)
        self.blocks = nn.ModuleList(Block(dim, heads, context, dropout) for _ in range(layers))
        self.ln = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, vocab, bias=False)
        self.head.weight = self.tok.weight
        for p in self.parameters():
            if p.dim() == 2:  # as GPT-2; with torch's N(0, 1) embeddings there are many denormals, which are slow
                nn.init.normal_(p, std=0.02)

    def forward(self, ids, offset=0, caches=None):
        x = self.tok(ids) + self.pos(torch.arange(offset, offset + ids.shape[1]))
        for i, block in enumerate(self.blocks):
            x = block(x, None if caches is None else caches[i])
        x = self.ln(x)
        return self.head(x if caches is None else x[:, -1:])


class LSTM(nn.Module):
    def __init__(self, vocab, dim, layers):
        super().__init__()
        self.tok = nn.Embedding(vocab, dim)
        self.rnn = nn.LSTM(dim, dim, layers, batch_first=True)
        self.head = nn.Linear(dim, vocab)

    def forward(self, ids, state=None):
        y, state = self.rnn(self.tok(ids), state)
        return self.head(y), state


def trainer(c, bf16):
    """Returns one step of AdamW, with clipping, on the same random batch every time."""
    if c["kind"] == "gpt":
        model = GPT(c["vocab"], c["dim"], c["layers"], c["heads"], c["context"], c.get("dropout", 0.0))
    else:
        model = LSTM(c["vocab"], c["dim"], c["layers"])
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    x, y = (torch.randint(0, c["vocab"], (c["batch"], c["context"])) for _ in range(2))

    def step():
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            logits = model(x) if c["kind"] == "gpt" else model(x)[0]
            loss = F.cross_entropy(logits.view(-1, c["vocab"]).float(), y.view(-1))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    return step


def quantised(model, int8):
    """Returns the model with weights quantized to 8-bit integers, and dynamically quantized activations."""
    if not int8:
        return model
    return torch.ao.quantization.quantize_dynamic(model, {nn.Linear, nn.LSTM}, dtype=torch.qint8)


def generator(c, bf16, int8):
    """Returns a step that samples the next token, and restarts after GENERATED tokens."""
    model = quantised(GPT(c["vocab"], c["dim"], c["layers"], c["heads"], c["context"]).eval(), int8)
    seen, ids, caches = GENERATED, None, None

    @torch.no_grad()
    @torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16)
    def step():
        nonlocal seen, ids, caches
        if seen == GENERATED:
            seen, ids, caches = 0, torch.zeros(1, 1, dtype=torch.long), [[] for _ in range(c["layers"])]
        ids = torch.multinomial(F.softmax(model(ids, seen, caches)[:, -1].float(), -1), 1)
        seen += 1

    return step


def lstm_generator(c, bf16, int8):
    """Returns a step that samples the next token from the recurrent state."""
    model = quantised(LSTM(c["vocab"], c["dim"], c["layers"]).eval(), int8)
    ids, state = torch.zeros(1, 1, dtype=torch.long), None

    @torch.no_grad()
    @torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16)
    def step():
        nonlocal ids, state
        logits, state = model(ids, state)
        ids = torch.multinomial(F.softmax(logits[:, -1].float(), -1), 1)

    return step


def measure(step, seconds):
    """Returns the median time of a step and its mean CPU time, in ms."""
    for _ in range(2):  # warm-up of buffers and caches
        step()
    times, start, cpu = [], time.perf_counter(), time.process_time()
    while time.perf_counter() - start < seconds or len(times) < 4:
        t = time.perf_counter()
        step()
        times.append(time.perf_counter() - t)
    return statistics.median(times) * 1e3, (time.process_time() - cpu) / len(times) * 1e3


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workload", choices=WORKLOADS)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--bf16", action="store_true", help="under autocast to bfloat16")
    parser.add_argument("--int8", action="store_true", help="generate with weights quantised to 8-bit integers")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    c = WORKLOADS[args.workload]
    if c["kind"].startswith("generate"):
        step, tokens, unit = (generator if c["kind"] == "generate" else lstm_generator)(c, args.bf16, args.int8), 1, "token"
    else:
        step, tokens, unit = trainer(c, args.bf16), c["batch"] * c["context"], "step"
    ms, cpu = measure(step, args.seconds)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{args.workload} threads={args.threads} ms_per_{unit}={ms:.3f} "
        f"tokens_per_s={tokens / ms * 1e3:.1f} cpu_ms={cpu:.3f} peak_mb={peak}"
    )


main()
