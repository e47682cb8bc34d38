"""Prints the loss of an ml5.js character LSTM on characters 100000 to 120000 of a text, in
nats for each character but the first, computed in float64 as TensorFlow's BasicLSTMCell
does: gates i, j, f, o, and a forget bias of 1 that is added at run time.

    python3 interchange/testdata/ml5.py ml5_charrnn_shakespeare tinyshakespeare.txt
"""
import json, os, sys
import numpy as np

model, text = sys.argv[1:]
manifest = json.load(open(os.path.join(model, "manifest.json")))
ids = json.load(open(os.path.join(model, "vocab.json")))
ids["u"], ids["U"] = ids.pop("  "), ids.pop("")  # two entries were mangled
text = open(text).read()[100000:120000]


def tensor(name):
    t = manifest[name]
    return np.fromfile(os.path.join(model, t["filename"]), "<f4").reshape(t["shape"]).astype(np.float64)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


embedding, head, bias = tensor("embedding"), tensor("rnnlm/softmax_w"), tensor("rnnlm/softmax_b")
cells = [[tensor(f"rnnlm/multi_rnn_cell/cell_{i}/basic_lstm_cell/{what}") for what in ("weights", "biases")] for i in range(2)]
hidden = head.shape[0]
h, c, nll = [np.zeros(hidden)] * 2, [np.zeros(hidden)] * 2, 0.0
for char, following in zip(text, text[1:]):
    x = embedding[ids[char]]
    for k, (w, b) in enumerate(cells):
        i, j, f, o = np.split(np.concatenate([x, h[k]]) @ w + b, 4)
        c[k] = c[k] * sigmoid(f + 1) + sigmoid(i) * np.tanh(j)
        x = h[k] = np.tanh(c[k]) * sigmoid(o)
    logits = x @ head + bias
    nll += np.log(np.exp(logits - logits.max()).sum()) + logits.max() - logits[ids[following]]
print(f"{nll / (len(text) - 1):.6f}")
