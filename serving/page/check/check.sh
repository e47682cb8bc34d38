#!/bin/bash
# Uses both pages of a module's newest run in headless Chromium: the exported one, with eight-bit weights, and
# that of its server. Screenshots are in .build/page of this project.
#
#   check.sh [MODULE]    a directory with a main package that has the commands; default: template
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
module=$(cd "${1:-$here/../../../template}" && pwd)
out=$here/../../../.build/page
rm -rf "$out"
mkdir -p "$out"
out=$(cd "$out" && pwd)
cd "$module"

go build -o "$out/program" .
"$out/program" train -export-page "$out/exported" -page-weights int8
"$here/golden.py" -tokens 60 "$out/exported"
"$here/page.py" -out "$out/pictures" "$out/exported"

port=8918
"$out/program" serve -address 127.0.0.1:$port 2>"$out/server.log" &
server=$!
trap 'kill $server' EXIT
for _ in $(seq 60); do
	(exec 3<>/dev/tcp/127.0.0.1/$port) 2>/dev/null && break
	kill -0 $server 2>/dev/null || { tail -3 "$out/server.log" >&2; exit 1; }
	sleep 0.5
done
"$here/page.py" -quick -out "$out/pictures-server" "http://127.0.0.1:$port/"
