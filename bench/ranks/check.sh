#!/usr/bin/env bash
# Trains on three hosts (see hosts.sh): a launcher and two ranks. Kills a rank, cuts a link, and
# resumes; the weights must be those of one rank. Skips where it is not root, or programs are
# missing.
set -euo pipefail
cd "$(dirname "$0")/../.."

for program in mpirun ip unshare tc; do
	if [ "$(id -u)" != 0 ] || ! command -v $program >/dev/null; then
		echo "skipped: needs root, iproute2 and openmpi-bin"
		exit 0
	fi
done
hosts=bench/ranks/hosts.sh
if ! $hosts up 3 2>/dev/null; then
	echo "skipped: this machine makes no network namespaces"
	exit 0
fi
tmp=$(mktemp -d)
trap 'jobs -p | xargs -r kill 2>/dev/null || true; $hosts down; rm -rf "$tmp"' EXIT

train=$tmp/train
go build -o "$train" ./cmd/train
flags=(-data tales -steps 600 -save-every 60 -eval-every 300 -layers 1 -heads 2 -dim 32 -context 32 -batch 8 -threads 1)

hash() { sha256sum <"$tmp/$1/weights.safetensors" | cut -c1-16; }

# same fails unless a run has the weights of the run on one rank.
same() {
	if [ "$(hash "$1")" != "$want" ]; then
		echo "$2: the weights differ from those of one rank" >&2
		exit 1
	fi
	echo "ok: $2: the weights of one rank, $want"
}

# begin starts a run on two ranks, and returns when it has saved weights for the first time.
begin() {
	$hosts run 2 "$train" "${flags[@]}" -out "$tmp/$1" >"$tmp/$1.log" 2>&1 &
	job=$!
	until [ -e "$tmp/$1/state.safetensors" ]; do
		if ! kill -0 $job 2>/dev/null; then
			cat "$tmp/$1.log" >&2
			exit 1
		fi
		sleep 0.05
	done
}

# ends fails unless the job ends in so many seconds, with an exit code other than 0.
ends() {
	local from=$EPOCHREALTIME code=0 seconds
	for _ in $(seq $(($1 * 10))); do
		kill -0 $job 2>/dev/null || break
		sleep 0.1
	done
	if kill -0 $job 2>/dev/null; then
		echo "$2: the job has not ended in $1 s" >&2
		exit 1
	fi
	wait $job || code=$?
	seconds=$(echo "$from $EPOCHREALTIME" | awk '{printf "%.1f", $2 - $1}')
	if [ $code = 0 ]; then
		echo "$2: the job ended with exit code 0" >&2
		exit 1
	fi
	echo "ok: $2: the job ended after $seconds s, with exit code $code"
}

"$train" "${flags[@]}" -out "$tmp/one" >/dev/null 2>&1
want=$(hash one)
$hosts run 2 "$train" "${flags[@]}" -out "$tmp/two" >"$tmp/two.log" 2>&1 || { cat "$tmp/two.log" >&2; exit 1; }
grep -m1 '^2 ranks' "$tmp/two.log"
same two "two hosts"

begin killed
victim=$(for p in $(ip netns pids h3); do [ "$(readlink "/proc/$p/exe")" = "$train" ] && echo "$p"; done)
kill -9 $victim
ends 5 "a rank killed"
"$train" -resume "$tmp/killed" >/dev/null 2>&1
same killed "resumed on one rank"

begin cut
$hosts cut h3
ends 40 "a link cut"
$hosts mend h3
$hosts run 2 "$train" -resume "$tmp/cut" >"$tmp/cut.log" 2>&1 || { cat "$tmp/cut.log" >&2; exit 1; }
same cut "resumed on two hosts"
