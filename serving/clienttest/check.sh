#!/usr/bin/env bash
# Compares the server with OpenAI's API through OpenAI's own client: two small models, trained for a moment.
# It needs node and npm.
set -euo pipefail
cd "$(dirname "$0")"
npm ci --ignore-scripts --no-audit --no-fund --silent
dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; wait; rm -rf "$dir"' EXIT
go build -o "$dir" ../../cmd/train ../../cmd/serve
for i in $(seq 60); do printf '%d\t0\ta\tpp\n%d\t1\tb\tss\n' "$i" "$i"; done >"$dir/dialogues.tsv"
small=(-steps 2 -layers 1 -heads 2 -dim 16 -context 64 -set training.eval_tokens=256 -set training.sample=0 -threads 1)
"$dir/train" -out "$dir/plain" "${small[@]}" 2>/dev/null >&2
"$dir/train" -task dialogue -data "$dir/dialogues.tsv" -out "$dir/dialogues" "${small[@]}" 2>/dev/null >&2
key=$(printf '%032d' 7)
(umask 077 && echo "$key" >"$dir/keys")
port=${PORT:-18423}
"$dir/serve" -run "$dir/plain" -run "$dir/dialogues" -address "127.0.0.1:$port" -key-file "$dir/keys" -threads 1 2>"$dir/log" &
server=$!
for _ in $(seq 100); do
	! curl -sf "http://127.0.0.1:$port/readyz" >/dev/null || break
	sleep 0.1
done
node check.mjs "http://127.0.0.1:$port" "$key" plain dialogues || { cat "$dir/log" >&2; exit 1; }
