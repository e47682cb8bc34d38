#!/bin/bash
# Checks in headless Chromium that committed notebooks show all their pictures and formulas, in a
# server that does not trust them and in the HTML that nbconvert makes. The screenshots are in
# .build/pictures.
#
#   pictures.sh [NAME …]    checks NAME.ipynb; default: all
set -euo pipefail
cd "$(dirname "$0")"
for command in chromium jupyter-notebook jupyter-nbconvert; do
	if ! command -v $command >/dev/null; then
		echo "pictures.sh: $command is missing: apt-get install --no-install-recommends chromium jupyter-notebook jupyter-nbconvert libjs-mathjax" >&2
		exit 1
	fi
done
[ $# -gt 0 ] || set -- $(ls ./*.ipynb | sed 's|^\./||; s|\.ipynb$||')
out=$PWD/../.build/pictures
mkdir -p "$out"
rm -rf "$out/data"

# A data directory of its own has no signatures: the server trusts no notebook.
port=8917
JUPYTER_DATA_DIR=$out/data jupyter-notebook --no-browser --allow-root --port=$port --port-retries=0 --NotebookApp.token= --NotebookApp.password= \
	--notebook-dir="$PWD" 2>"$out/server.log" &
server=$!
trap 'kill $server' EXIT
for _ in $(seq 60); do
	(exec 3<>/dev/tcp/127.0.0.1/$port) 2>/dev/null && break
	kill -0 $server 2>/dev/null || { tail -3 "$out/server.log" >&2; exit 1; }
	sleep 0.5
done

# browse URL NAME: writes the screenshot NAME.png and the page as it is shown, NAME.dom.
browse() {
	timeout 300 chromium --headless --no-sandbox --disable-gpu --allow-file-access-from-files --window-size=1100,7000 --virtual-time-budget=10000 \
		--screenshot="$out/$2.png" --dump-dom "$1" >"$out/$2.dom" 2>"$out/$2.log"
}

# check NAME WANT: the page shows WANT pictures, and its formulas.
check() {
	local shown
	shown=$(grep -o '<img [^>]*data:image/svg+xml;base64,' "$out/$1.dom" | wc -l)
	if [ "$shown" != "$2" ]; then
		echo "pictures.sh: $1 shows $shown of $2 pictures: see $out/$1.png" >&2
		exit 1
	fi
	if [ "$formulas" != 0 ] && ! grep -q 'class="\(MathJax\|mjx\)' "$out/$1.dom"; then
		echo "pictures.sh: $1 shows TeX instead of formulas: see $out/$1.png" >&2
		exit 1
	fi
}

for name in "$@"; do
	pictures=$(grep -o 'image/svg+xml[;"]' "$name.ipynb" | wc -l)
	formulas=$(grep -c '\$[^$]*\\[a-z]' "$name.ipynb" || true)
	jupyter-nbconvert --log-level ERROR --to html --output-dir "$out" "$name.ipynb"
	browse "file://$out/$name.html" "$name-html"
	check "$name-html" "$pictures"
	browse "http://127.0.0.1:$port/notebooks/$name.ipynb" "$name-server"
	check "$name-server" "$pictures"
	echo "$name: $pictures pictures"
done
