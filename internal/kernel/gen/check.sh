#!/bin/sh
# Fails if a generated file of package matmul or vec differs from the current output of its
# generator. The first line is ignored: it has the arguments of the generator.
set -eu
cd "$(dirname "$0")"
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
mkdir "$fresh/matmul" "$fresh/vec"
go run ./matmul -out "$fresh/matmul/kernels_amd64.s" -pkg matmul
go run ./vec -o "$fresh/vec"
stale=0
for file in "$fresh"/*/*; do
	name=${file#"$fresh"/}
	tail -n +2 "$file" >"$fresh/want"
	if ! tail -n +2 "../$name" | cmp -s - "$fresh/want"; then
		echo "internal/kernel/$name is not current: run its generator (see internal/kernel/gen)" >&2
		stale=1
	fi
done
exit $stale
