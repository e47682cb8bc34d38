#!/usr/bin/env bash
# Compares the steps of programs, as train before and after a change, on two hosts (see hosts.sh) with one
# thread each: runs alternate, and their weights should have one hash. Needs root, iproute2, Open MPI and
# a quiet machine.
#
#   bench/ranks/compare.sh RATE SHARDS ROUNDS TRAIN ...    RATE of the link, as 2gbit; "" for memory
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ $# -lt 4 ]; then
	sed -n '6s/^# *//p' "$0" >&2
	exit 2
fi
rate=$1 shards=$2 rounds=$3
programs=("${@:4}")
hosts=bench/ranks/hosts.sh
tmp=$(mktemp -d)
trap '$hosts down; rm -rf "$tmp"' EXIT
flags=(-data tales -layers 4 -heads 4 -dim 192 -context 64 -batch 8 -threads 1 -steps 30 -set training.shards="$shards"
	-set training.sample=0 -set training.eval_every=0 -set training.eval_tokens=256 -set training.log_every=1 -out "$tmp/run")

$hosts up 3 $rate
for _ in $(seq "$rounds"); do
	for i in "${!programs[@]}"; do
		rm -rf "$tmp/run"
		$hosts run 2 "${programs[$i]}" "${flags[@]}" >"$tmp/log" 2>&1 || { cat "$tmp/log" >&2; exit 1; }
		awk -F'[:,]' '/"loss"/ {for (i = 1; i < NF; i++) if ($i ~ /"seconds"/) print $(i + 1)}' "$tmp/run/metrics.jsonl" |
			awk 'NR > 3 {print 1000 * ($1 - last)} {last = $1}' >>"$tmp/steps$i"
		sha256sum "$tmp/run/weights.safetensors" | cut -c1-16 >>"$tmp/hashes"
	done
done
for i in "${!programs[@]}"; do
	sort -n "$tmp/steps$i" | awk -v name="${programs[$i]}" '{a[NR] = $1}
		END {printf "%s: median %.1f ms a step, quartiles %.1f and %.1f\n", name, a[int((NR + 1) / 2)], a[int((NR + 3) / 4)], a[int((3 * NR + 3) / 4)]}'
done
echo "hashes of the weights: $(sort -u "$tmp/hashes" | xargs)"
