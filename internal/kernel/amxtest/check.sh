#!/bin/sh
# Runs the tests of reduced precision with the tile unit emulated, on a machine without one.
set -eu
cd "$(dirname "$0")/.."
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
go build -o "$bin/amxtest" ./amxtest
go test -c -o "$bin/matmul.test" ./matmul
status=0
"$bin/amxtest" "$bin/matmul.test" -test.v -test.run 'Medium|Split|Precision|Packed|Reduced|Tiles|Int8' >"$bin/log" 2>&1 || status=$?
case $status in
0) echo "$(grep -c 'PASS: .*AMX' "$bin/log") tests of the tile unit passed, emulated" ;;
77) tail -n 1 "$bin/log" ;; # it says why there is nothing to emulate
*)
	grep -v -e '--- PASS' -e '=== RUN' "$bin/log" >&2
	exit "$status"
	;;
esac
