#!/bin/sh
# Runs the tests of reduced precision with the AMX tile unit emulated, on a machine without it.
set -eu
cd "$(dirname "$0")/.."
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
go build -o "$bin/amxtest" ./amxtest
go test -c -o "$bin/matmul.test" ./matmul
status=0
"$bin/amxtest" "$bin/matmul.test" -test.v -test.run 'Medium|Split|Precision|Packed|Reduced|Tiles|Int8' >"$bin/log" 2>&1 || status=$?
case $status in
0) echo "$(grep -c 'PASS: .*AMX' "$bin/log") tests passed with an emulated tile unit" ;;
77) tail -n 1 "$bin/log" ;; # says why emulation is impossible or unnecessary
*)
	grep -v -e '--- PASS' -e '=== RUN' "$bin/log" >&2
	exit "$status"
	;;
esac
