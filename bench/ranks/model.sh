#!/usr/bin/env bash
# Compares the cost model of train -describe -ranks with measured steps: a launcher and ranks in network
# namespaces (see hosts.sh), one thread each, with links as they are and throttled by tc. Needs root,
# iproute2 and Open MPI, a quiet machine, and a few minutes.
#
#   bench/ranks/model.sh [STEPS] [RATE ...]   (20, with 2gbit 500mbit 100mbit)
#
# Where there are more ranks than cores, the time of computing that is predicted is multiplied by ranks
# per core. The link of a host without throttling is that of memory: predicted with 20Gbit.
set -euo pipefail
cd "$(dirname "$0")/../.."
steps=${1:-20}
rates=("${@:2}")
[ ${#rates[@]} -gt 0 ] || rates=(2gbit 500mbit 100mbit)

hosts=bench/ranks/hosts.sh
tmp=$(mktemp -d)
trap '$hosts down; rm -rf "$tmp"' EXIT
train=$tmp/train
go build -o "$train" ./cmd/train
flags=(-data tales -layers 4 -heads 4 -dim 192 -context 64 -batch 8 -threads 1 -set training.shards=4 -set training.sample=0
	-set training.eval_every=0 -set training.log_every=1)

# measured prints the median time of a step of a run, in ms, without the first ones.
measured() {
	awk -F'[:,]' '{for (i = 1; i < NF; i++) if ($i ~ /"seconds"/) print $(i + 1)}' "$tmp/run/metrics.jsonl" |
		tail -n +4 | awk '{if (NR > 1) print 1000 * ($1 - last); last = $1}' | sort -n | awk '{a[NR] = $1} END {print a[int((NR + 1) / 2)]}'
}

# predicted prints the step and the share of communication of n ranks, in ms and percent.
predicted() {
	"$train" "${flags[@]}" -describe -ranks "$1" -link "$2" 2>/dev/null |
		awk -v n="$1" '$1 == n && $2 ~ /^[0-9.]+$/ {ms = $2 * ($3 == "s" ? 1000 : 1); sub("%", "", $5); print ms, $5}'
}

cores=$(nproc)
printf '%-9s %5s %12s %14s %12s %10s\n' link ranks 'predicted ms' 'communication' 'measured ms' 'ratio'
for rate in memory "${rates[@]}"; do
	link=$rate
	throttle=$rate
	if [ "$rate" = memory ]; then link=20gbit throttle=; fi
	$hosts up 5 $throttle
	for n in 1 2 4; do
		rm -rf "$tmp/run"
		$hosts run $n "$train" "${flags[@]}" -steps "$steps" -out "$tmp/run" >"$tmp/log" 2>&1 || { cat "$tmp/log" >&2; exit 1; }
		echo "$rate $n $(predicted $n "$link") $(measured)"
	done
	$hosts down
done | awk -v cores="$cores" '{
	communicate = $3 * $4 / 100
	step = ($3 - communicate) * ($2 > cores ? $2 / cores : 1) + communicate
	printf "%-9s %5d %12.1f %13.0f%% %12.1f %10.2f\n", $1, $2, step, 100 * communicate / step, $5, $5 / step
}'
