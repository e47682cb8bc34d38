#!/bin/sh
# Fails if a generated file of package kernel is not what its generator writes
# now. The first line is left out: it repeats the generator's arguments.
set -eu
cd "$(dirname "$0")"
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
go run ./gemm -out "$fresh/gemm_amd64.s" -pkg kernel
go run ./vec -o "$fresh"
stale=0
for file in "$fresh"/*; do
	name=$(basename "$file")
	tail -n +2 "$file" >"$fresh/want"
	if ! tail -n +2 "../$name" | cmp -s - "$fresh/want"; then
		echo "internal/kernel/$name is not current: run its generator (see internal/kernel/gen)" >&2
		stale=1
	fi
	rm "$fresh/want"
done
exit $stale
