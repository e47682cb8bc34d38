"""Computes what baseline_test.go compares with: python3 reference.py > reference.json

Plain Python, written from the definitions and not from the Go code: every score is computed over all examples,
without an inverted index, and self-BLEU text by text.
"""
import collections, json, math, random, re

random.seed(7)
NAMES = "latte mocha tea cortado espresso".split()
OPENINGS = ["I would like a {}", "Can I get a {} with milk", "one {} please", "Give me a {} and a {}", "Is there {} today"]


def sentence():
    line = random.choice(OPENINGS)
    return line.format(*[random.choice(NAMES) for _ in range(line.count("{}"))])


def words(text):
    return re.findall(r"[a-z0-9]+", text.lower())


def terms(text):
    w = words(text)
    return collections.Counter(w + [a + " " + b for a, b in zip(w, w[1:])])


def weights(counts, idf):
    return {t: (1 + math.log(n)) * idf[t] for t, n in counts.items() if t in idf}


def cosine(a, b):
    dot = sum(v * b.get(t, 0) for t, v in a.items())
    return dot / math.sqrt(sum(v * v for v in a.values()) * sum(v * v for v in b.values()))


def nearest(known, query):
    docs = [terms(k) for k in known]
    df = collections.Counter(t for d in docs for t in d)
    idf = {t: math.log((1 + len(known)) / (1 + n)) + 1 for t, n in df.items()}
    vectors, q = [weights(d, idf) for d in docs], weights(terms(query), idf)
    scores = [cosine(q, v) for v in vectors]
    best = max(scores)
    return [i for i, s in enumerate(scores) if s > best - 1e-6]


def f1(said, want):
    both = sum((collections.Counter(said) & collections.Counter(want)).values())
    return 2 * both / max(1, len(said) + len(want))


def oracle(sentences, want):
    chosen, best = [], 0
    while True:
        rest = [(f1(sum((words(sentences[j]) for j in chosen + [i]), []), want), -i) for i in range(len(sentences)) if i not in chosen]
        if not rest or max(rest)[0] <= best:
            return " ".join(sentences[i] for i in sorted(chosen))
        best = max(rest)[0]
        chosen.append(-max(rest)[1])


def grams(w, n):
    return collections.Counter(tuple(w[i:i + n]) for i in range(len(w) - n + 1))


def bleu(hyp, refs):
    if not hyp:
        return 0
    logs, smooth, found = 0, 1, False
    for n in range(1, 5):
        h = grams(hyp, n)
        total = sum(h.values())
        if total == 0:
            return 0
        most = collections.Counter()
        for r in refs:
            most |= grams(r, n)
        match = sum(min(k, most[g]) for g, k in h.items())
        found = found or match > 0
        if match == 0:
            smooth *= 2
            logs += math.log(1 / (smooth * total))
        else:
            logs += math.log(match / total)
    length = min((abs(len(r) - len(hyp)), len(r)) for r in refs)[1]
    return 100 * math.exp(logs / 4) * min(1, math.exp(1 - length / len(hyp))) if found else 0


def distinct(texts, n):
    all_grams = [g for t in texts for g in grams(words(t), n).elements()]
    return len(set(all_grams)) / len(all_grams)


def jackknife(texts, n):
    values = [distinct(texts[:i] + texts[i + 1:], n) for i in range(len(texts))]
    mean = sum(values) / len(values)
    error = math.sqrt((len(values) - 1) / len(values) * sum((v - mean) ** 2 for v in values))
    return distinct(texts, n), 1.959963984540054 * error


known = [sentence() for _ in range(60)]
queries = [sentence() for _ in range(20)]
stories = []
for _ in range(10):
    parts = [sentence() + "." for _ in range(4)]
    want = sentence()
    stories.append({"source": " ".join(parts), "reference": want, "oracle": oracle(parts, words(want))})
texts = [sentence() for _ in range(25)] + ["", "tea"]
split = [t.split() for t in texts]
value, half = jackknife(texts, 2)
print(json.dumps({
    "known": known, "queries": queries, "nearest": [nearest(known, q) for q in queries], "stories": stories, "texts": texts,
    "self_bleu": [bleu(h, split[:i] + split[i + 1:]) for i, h in enumerate(split)], "distinct_2": value, "distinct_2_half": half,
}, indent=1))
