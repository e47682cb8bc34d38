"""Writes a file NAME.safetensors for each recurrent model of this package, as
transformers.py does for the others: weights, a batch, logits, loss, every gradient and the
losses of ten steps of AdamW. The language models are nn.LSTM, nn.GRU and nn.RNN; the
encoders are nn.LSTM and nn.GRU on packed sequences. Made with torch 1.13 on Debian 12:

    /usr/bin/python3 models/testdata/recurrent.py
"""
import torch
from torch import nn
from transformers import D, HIDDEN, L, S, V, case, linear, same, turned


def cell(path, m, layer=0, way=""):
    """The paths of one layer of nn.LSTM, nn.GRU or nn.RNN, or of a cell. PyTorch has two
    biases where one is enough; of those that are only ever added, the second is frozen and
    counted to the first."""
    get = lambda name: getattr(m, name if isinstance(m, nn.RNNCellBase) else f"{name}_l{layer}{way}")
    bx, bh = get("bias_ih"), get("bias_hh")
    ps = [(path + "/x/W", get("weight_ih"), turned), (path + "/h/W", get("weight_hh"), turned)]
    if isinstance(m, (nn.GRU, nn.GRUCell)):
        return ps + [(path + "/x/b", bx, same), (path + "/h/b", bh, same)]
    bh.requires_grad_(False)
    return ps + [(path + "/x/b", bx, lambda t: t + bh if t is bx else t)]


class LM(nn.Module):
    def __init__(self, name, kind):
        super().__init__()
        self.name, self.tok, self.net, self.head = name, nn.Embedding(V, D), kind(D, HIDDEN, L, batch_first=True), nn.Linear(HIDDEN, V)

    def forward(self, tokens, _):
        return self.head(self.net(self.tok(tokens))[0])

    def paths(self):
        return [("tok/W", self.tok.weight, same)] + [p for i in range(L) for p in cell(f"{self.name}{i}", self.net, i)] + linear("head", self.head)


def encode(net, embedded, lengths):
    packed = nn.utils.rnn.pack_padded_sequence(embedded, lengths, batch_first=True, enforce_sorted=False)
    states, last = net(packed)
    return nn.utils.rnn.pad_packed_sequence(states, batch_first=True, total_length=S)[0], last


def attend(scores, states, lengths):
    hidden = torch.arange(S).view(1, 1, S) >= lengths.view(-1, 1, 1)
    return scores.masked_fill(hidden, -torch.inf).softmax(-1) @ states


class Seq2Seq(nn.Module):
    """Luong's general attention over two bidirectional layers, both layers' states copied."""

    def __init__(self):
        super().__init__()
        h = HIDDEN
        self.src, self.tgt = nn.Embedding(V, D), nn.Embedding(V, D)
        self.enc, self.dec = nn.LSTM(D, h // 2, L, batch_first=True, bidirectional=True), nn.LSTM(D, h, L, batch_first=True)
        self.q, self.mix, self.head = nn.Linear(h, h, bias=False), nn.Linear(2 * h, h), nn.Linear(h, V)

    def forward(self, tokens, source):
        lengths = (source >= 0).sum(1)
        states, last = encode(self.enc, self.src(source.clamp(min=0)), lengths)
        join = lambda s: s.view(L, 2, len(tokens), HIDDEN // 2).transpose(1, 2).flatten(2).contiguous()
        h, _ = self.dec(self.tgt(tokens), (join(last[0]), join(last[1])))
        context = attend(self.q(h) @ states.transpose(1, 2), states, lengths)
        return self.head(torch.tanh(self.mix(torch.cat([context, h], 2))))

    def paths(self):
        p = [("enc/tok/W", self.src.weight, same), ("dec/tok/W", self.tgt.weight, same)]
        for i in range(L):
            p += cell(f"enc/lstm{i}/forward", self.enc, i) + cell(f"enc/lstm{i}/backward", self.enc, i, "_reverse") + cell(f"dec/lstm{i}", self.dec, i)
        return p + linear("dec/cross/q", self.q) + linear("dec/mix", self.mix) + linear("head", self.head)


class Fed(nn.Module):
    """Bahdanau's decoder: the state before a token attends, and the context enters with it."""

    def __init__(self):
        super().__init__()
        h = HIDDEN
        self.src, self.tgt, self.enc, self.bridge = nn.Embedding(V, D), nn.Embedding(V, D), nn.GRU(D, h, batch_first=True), nn.Linear(h, h)
        self.dec, self.q, self.k, self.v = nn.GRUCell(D + h, h), nn.Linear(h, h, bias=False), nn.Linear(h, h), nn.Parameter(torch.randn(h))
        self.mix, self.head = nn.Linear(2 * h, h), nn.Linear(h, V)

    def forward(self, tokens, source):
        lengths = (source >= 0).sum(1)
        states, last = encode(self.enc, self.src(source.clamp(min=0)), lengths)
        keys, h, out = self.k(states), torch.tanh(self.bridge(last[0])), []
        for x in self.tgt(tokens).unbind(1):
            scores = torch.tanh(self.q(h).unsqueeze(1) + keys) @ self.v
            context = attend(scores.unsqueeze(1), states, lengths).squeeze(1)
            h = self.dec(torch.cat([x, context], 1), h)
            out.append(torch.tanh(self.mix(torch.cat([context, h], 1))))
        return self.head(torch.stack(out, 1))

    def paths(self):
        return ([("enc/tok/W", self.src.weight, same), ("dec/tok/W", self.tgt.weight, same), ("dec/cross/v", self.v, same)]
                + cell("enc/gru0", self.enc) + cell("dec/gru0", self.dec) + linear("dec/bridge0", self.bridge)
                + linear("dec/cross/q", self.q) + linear("dec/cross/k", self.k) + linear("dec/mix", self.mix) + linear("head", self.head))


if __name__ == "__main__":
    for name, make in {"lstm": lambda: LM("lstm", nn.LSTM), "gru": lambda: LM("gru", nn.GRU), "rnn": lambda: LM("rnn", nn.RNN),
                       "seq2seq": Seq2Seq, "seq2seq_fed": Fed}.items():
        torch.manual_seed(13)
        case(name, make())
