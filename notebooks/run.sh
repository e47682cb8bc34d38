#!/bin/bash
# Executes notebooks without a browser, and fails on any error in a cell.
#
#   run.sh             executes all; the outputs go to .build/notebooks
#   run.sh NAME …      executes those of NAME.md
#   run.sh -write …    writes the outputs into the committed notebooks, in both languages
#   run.sh -module DIR [-write] …    those of the module in DIR, on a kernel with its packages
set -euo pipefail
module= write=
if [ "${1:-}" = -module ]; then
	module=$(realpath "${2:?run.sh: -module needs the directory of a module}")
	shift 2
fi
if [ "${1:-}" = -write ]; then
	write=1
	shift
fi
cd "$(dirname "$0")/.."
build=$PWD/.build
source=${module:-notebooks}
[ $# -gt 0 ] || set -- $(cd "$source" && ls ./*.md | sed 's|^\./||; s|\.md$||')

if ! command -v jupyter-nbconvert >/dev/null; then
	echo "run.sh: jupyter-nbconvert is missing: apt-get install --no-install-recommends jupyter-nbconvert" >&2
	exit 1
fi
notebooks/kernel/build.sh "$build/kernel" ${module:+"$module"}
go build -o "$build/cells" ./notebooks/cells
mkdir -p "$build/notebooks"

# Both languages have the same code: one is executed, and both get its outputs.
for name in "$@"; do
	began=$(date +%s)
	"$build/cells" "$source/$name.md" "$build/notebooks"
	JUPYTER_PATH=$build/kernel/jupyter jupyter-nbconvert --log-level WARN --to notebook --inplace --execute \
		--ExecutePreprocessor.record_timing=False --ExecutePreprocessor.timeout=300 "$build/notebooks/$name.ipynb"
	mv "$build/notebooks/$name.ipynb" "$build/notebooks/$name.executed"
	"$build/cells" "$source/$name.md" "$build/notebooks" "$build/notebooks/$name.executed"
	[ -z "$write" ] || "$build/cells" "$source/$name.md" "$source" "$build/notebooks/$name.executed"
	echo "$name: $(($(date +%s) - began)) s"
done
