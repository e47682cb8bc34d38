#!/usr/bin/env bash
# Starts train and evaluate on ranks of one machine. Skips where Open MPI is missing.
#
#   bench/ranks/commands.sh [shares] [faults]
#
# shares: evaluations and sweeps that ranks share print and write what one rank does. faults: what is
# wrong is said in one line, with an exit code other than 0. Without arguments: both.
set -euo pipefail
cd "$(dirname "$0")/../.."

if ! command -v mpirun.openmpi >/dev/null; then
	echo "skipped: needs openmpi-bin"
	exit 0
fi
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
tmp=$(mktemp -d)
trap 'jobs -p | xargs -r kill 2>/dev/null || true; rm -rf "$tmp"' EXIT
train=$tmp/train evaluate=$tmp/evaluate
go build -o "$tmp" ./cmd/train ./cmd/evaluate
small=(-layers 1 -heads 2 -dim 16 -context 24 -batch 4 -threads 1 -set training.sample=0 -eval-every 20)
tales=(-data tales -tokenizer byte "${small[@]}" -steps 20)

fail() { echo "failed: $*" >&2; exit 1; }

# same runs a command on one rank and on others, which must print the same.
same() {
	local what=$1 n
	shift
	"$@" >"$tmp/want" 2>"$tmp/log" || { cat "$tmp/log" >&2; fail "$what, on one rank"; }
	for n in 2 3; do
		mpirun.openmpi -n $n "$@" >"$tmp/got" 2>"$tmp/log" || { cat "$tmp/log" >&2; fail "$what, on $n ranks"; }
		cmp "$tmp/want" "$tmp/got" || fail "$what: $n ranks print something else"
	done
	echo "ok: $what: 2 and 3 ranks print what one does"
}

# refused runs a command that must fail within a minute, and say so in one line.
refused() {
	local what=$1 want=$2 code=0
	shift 2
	timeout 60 "$@" >"$tmp/log" 2>&1 || code=$?
	[ $code != 0 ] && [ $code != 124 ] || { cat "$tmp/log" >&2; fail "$what: exit code $code"; }
	grep -qE "$want" "$tmp/log" || { cat "$tmp/log" >&2; fail "$what: it does not say: $want"; }
	[ "$(grep -cE '^(train|evaluate): ' "$tmp/log")" = 1 ] || { cat "$tmp/log" >&2; fail "$what: not one error"; }
	echo "ok: $what: $(grep -E '^(train|evaluate): ' "$tmp/log" | cut -c1-150)"
}

sweep=("${tales[@]}" -sweep lr=1e-3,1e-2,3e-2)
"$train" "${tales[@]}" -out "$tmp/gpt" >/dev/null 2>&1

shares() {
	"$train" -data reverse -set data.size=600 -model transformer "${small[@]}" -steps 60 -out "$tmp/pairs" >/dev/null 2>&1
	head -c 20000 README.md >"$tmp/text.txt"
	same "answers" "$evaluate" -run "$tmp/pairs" -examples 80 -length 8 -format json -threads 1
	cp "$tmp/pairs/eval.json" "$tmp/eval.json"
	same "answers with beams" "$evaluate" -run "$tmp/pairs" -examples 20 -length 8 -beam 2 -format json -threads 1
	same "measures of a language model" "$evaluate" -run "$tmp/gpt" -length 20 -threads 1
	same "score" "$evaluate" -run "$tmp/gpt" -score "$tmp/text.txt" -format json -threads 1

	table() { sed 's/ *[0-9]* *$//' "$1"; } # without the seconds
	"$train" "${sweep[@]}" -out "$tmp/sweep1" >"$tmp/want" 2>/dev/null
	mpirun.openmpi -n 3 "$train" "${sweep[@]}" -out "$tmp/sweep3" >"$tmp/got" 2>"$tmp/log" || { cat "$tmp/log" >&2; fail sweep; }
	cmp <(table "$tmp/want") <(table "$tmp/got") || fail "a sweep on 3 ranks has another table"
	grep -q '"done": true' "$tmp/sweep3/sweep.json" && [ -e "$tmp/sweep3/sweep.html" ] || fail "the sweep's files"
	for run in "$tmp"/sweep1/lr*; do
		cmp "$run/weights.safetensors" "$tmp/sweep3/$(basename "$run")/weights.safetensors" || fail "weights of a sweep"
	done
	echo "ok: sweep: 3 ranks have the table and the weights that one has"
	mpirun.openmpi -n 2 "$train" "${sweep[@]}" -seeds 2 -steps 20 -out "$tmp/sweep3" >/dev/null 2>"$tmp/log" || { cat "$tmp/log" >&2; fail "a sweep continued"; }
	grep -q '^3 runs to train, on 2 ranks' "$tmp/log" || { cat "$tmp/log" >&2; fail "a sweep continued"; }
	echo "ok: sweep: continued on 2 ranks with the runs that were missing"
}

faults() {
	two=("${tales[@]}" -set training.shards=2 -out "$tmp/bad")
	refused "no library" 'no MPI library can be opened .*install it' mpirun.openmpi -n 2 -x EURYALE_MPI=libnosuch.so "$train" "${two[@]}"
	if [ -e /usr/lib/*/libmpich.so.12 ]; then
		refused "another library than the launcher's" "it is not the launcher's library; start with the mpirun of MPICH" \
			mpirun.openmpi -n 1 "$train" "${two[@]}" : -n 1 -x EURYALE_MPI=libmpich.so.12 "$train" "${two[@]}"
	fi
	cp "$train" "$tmp/other" && echo >>"$tmp/other"
	refused "another program" 'rank 1 of 2: the program is .* and that of rank 0 is' mpirun.openmpi -n 1 "$train" "${two[@]}" : -n 1 "$tmp/other" "${two[@]}"
	refused "another configuration" 'rank 1 of 2: optimizer.beta2 is 0.9, and that of rank 0 is 0.99' \
		mpirun.openmpi -n 1 "$train" "${two[@]}" : -n 1 "$train" "${two[@]}" -set optimizer.beta2=0.9
	mkdir "$tmp/a" "$tmp/b"
	cp README.md "$tmp/a/text.txt"
	tr aeo oae <README.md >"$tmp/b/text.txt"
	refused "other data" 'rank 1 of 2: the data is .* and that of rank 0 is' \
		mpirun.openmpi -n 1 -wdir "$tmp/a" "$train" "${two[@]}" -data text.txt : -n 1 -wdir "$tmp/b" "$train" "${two[@]}" -data text.txt
	refused "more ranks than shards" 'set training.shards to a multiple of 3' mpirun.openmpi -n 3 "$train" "${two[@]}"
	touch "$tmp/file"
	refused "a rank that cannot write" 'rank 0 of 2: mkdir .*file: not a directory' mpirun.openmpi -n 2 "$train" "${two[@]}" -out "$tmp/file/run"
	refused "another text to score" 'rank 1 of 2: the hash of text.txt is' \
		mpirun.openmpi -n 1 -wdir "$tmp/a" "$evaluate" -run "$tmp/gpt" -score text.txt : -n 1 -wdir "$tmp/b" "$evaluate" -run "$tmp/gpt" -score text.txt
	refused "a sweep whose ranks share no directory" 'the ranks of a sweep need a file system that all share' \
		mpirun.openmpi -n 1 -wdir "$tmp/a" "$train" "${sweep[@]}" -out sweep : -n 1 -wdir "$tmp/b" "$train" "${sweep[@]}" -out sweep
	refused "a comparison" 'evaluate -compare runs on one rank' mpirun.openmpi -n 2 "$evaluate" -compare "$tmp/gpt" "$tmp/pairs"
	[ ! -e "$tmp/bad" ] || fail "a run that was refused has left files"

	mpirun.openmpi --bind-to core -n 1 "$train" "${tales[@]}" -out "$tmp/bound" >/dev/null 2>"$tmp/log"
	if [ "$(nproc)" -gt 1 ]; then
		grep -q 'rank 0 is bound to 1 core, and it could use .*--bind-to none' "$tmp/log" || { cat "$tmp/log" >&2; fail "a rank bound to one core"; }
		echo "ok: a rank bound to one core says so"
	fi

	# A rank that hangs: the watchdog of the other ends the job, and the run is whole.
	mpirun.openmpi -n 2 "$train" "${tales[@]}" -steps 1000000 -save-every 20 -watchdog 3s -out "$tmp/hung" >"$tmp/log" 2>&1 &
	job=$!
	until [ -e "$tmp/hung/state.safetensors" ]; do sleep 0.1; done
	kill -STOP "$(pgrep -P $job | tail -1)"
	code=0
	timeout 60 tail --pid=$job -f /dev/null || fail "a rank that hangs: the job has not ended in a minute"
	wait $job || code=$?
	[ $code != 0 ] && grep -qE 'has not returned in [35]s: another rank hangs' "$tmp/log" || { cat "$tmp/log" >&2; fail "a rank that hangs, exit code $code"; }
	echo "ok: a rank that hangs: exit code $code, $(grep -E '^train: ' "$tmp/log" | head -1 | cut -c1-120)"
	timeout 20 "$train" -resume "$tmp/hung" -for 1s >/dev/null 2>&1 || fail "the run is not whole"
}

[ $# -gt 0 ] || set -- shares faults
for part in "$@"; do
	"$part"
done
