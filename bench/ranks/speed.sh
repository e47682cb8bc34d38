#!/usr/bin/env bash
# Compares the steps of one rank with two threads and of two ranks with one thread each, alternated, and
# the hashes of their weights. Needs Open MPI, two cores and a quiet machine.
#
#   bench/ranks/speed.sh [ROUNDS] FLAG ...    flags of train; 5 rounds
set -euo pipefail
cd "$(dirname "$0")/../.."
rounds=5
if [[ "${1:-}" =~ ^[0-9]+$ ]]; then rounds=$1 && shift; fi
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
train=$tmp/train
go build -o "$train" ./cmd/train
flags=("$@" -steps 12 -set training.shards=2 -set training.eval_every=0 -set training.sample=0 -set training.eval_tokens=256
	-set training.log_every=1 -out "$tmp/run")

# steps appends the times of a run's steps, in ms, without the first three, to a file.
steps() {
	local name=$1
	shift
	rm -rf "$tmp/run"
	"$@" >"$tmp/log" 2>&1 || { cat "$tmp/log" >&2; exit 1; }
	awk -F'[:,]' '/"loss"/ {for (i = 1; i < NF; i++) if ($i ~ /"seconds"/) print $(i + 1)}' "$tmp/run/metrics.jsonl" |
		awk 'NR > 3 {print 1000 * ($1 - last)} {last = $1}' >>"$tmp/$name"
	sha256sum "$tmp/run/weights.safetensors" | cut -c1-16 >>"$tmp/hashes"
}

for i in $(seq "$rounds"); do
	steps threads "$train" "${flags[@]}" -threads 2
	steps ranks mpirun.openmpi -n 2 --bind-to none "$train" "${flags[@]}" -threads 1
done
median() { sort -n "$tmp/$1" | awk '{a[NR] = $1} END {print a[int((NR + 1) / 2)]}'; }
threads=$(median threads) ranks=$(median ranks)
echo "1 rank, 2 threads: $threads ms a step; 2 ranks, 1 thread: $ranks ms; speed of ranks $(awk "BEGIN {printf \"%.3f\", $threads / $ranks}")"
echo "hashes of the weights: $(sort -u "$tmp/hashes" | xargs)"
