# Writes testdata/numbers.json: pseudorandom bits of tokens, by Python's hashlib, from the description in
# numbers.go. The numbers of a key must never change, or texts that are marked with it are not found.
#
#   python3 generation/watermark/numbers.py
import hashlib, json, os, struct

M = 2**64 - 1


def bits(secret, method, context, token):
    message = bytes.fromhex(secret) + method[:1].encode() + b"".join(struct.pack("<Q", t) for t in context)
    seed = struct.unpack("<Q", hashlib.sha256(message).digest()[:8])[0]
    z = (seed + (token + 1) * 0x9E3779B97F4A7C15) & M
    z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & M
    z = ((z ^ z >> 27) * 0x94D049BB133111EB) & M
    return z ^ z >> 31


cases = []
for secret in ["00" * 32, "".join("%02x" % i for i in range(32))]:
    for method in ["green-list", "tournament"]:
        for context in [[0], [7, 50256], [1, 2, 3, 4]]:
            for token in [0, 1, 50256]:
                b = bits(secret, method, context, token)
                cases.append({"secret": secret, "method": method, "context": context, "token": token, "bits": "%016x" % b})
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "testdata", "numbers.json")
os.makedirs(os.path.dirname(path), exist_ok=True)
with open(path, "w") as f:
    json.dump(cases, f, indent=1)
    f.write("\n")
