#!/bin/bash
# Builds the notebook kernel: gophernotes with this project's packages linked in.
#
#   build.sh OUT    writes OUT/gophernotes and OUT/jupyter/kernels/gophernotes/kernel.json
set -euo pipefail
out=$(realpath -m "${1:?usage: build.sh OUT}")
cd "$(dirname "$0")"
upstream=github.com/gopherdata/gophernotes

go run ./genbind bindings/bindings.go

# gophernotes is a program and cannot be imported. A copy of its module (checked by go.sum)
# gets two fixes and one import, and replaces the original in the build. The fixes change the
# type of the method JSON in two lines; without them it panics with the current gomacro.
go mod download "$upstream"
dir=$(go list -m -f '{{.Dir}}' "$upstream")
rm -rf "$out/src"
mkdir -p "$out/src/imports"
cp "$dir"/*.go "$dir"/go.mod "$out/src/"
cp "$dir"/imports/*.go "$out/src/imports/"
chmod -R u+w "$out/src"
rm -f "$out"/src/*_test.go
sed -i -e 's/^\tJSON_  func(interface{}) string$/\tJSON_  func(interface{}) map[string]interface{}/' \
	-e 's/^func (P \*proxy_JSONer) JSON() string {$/func (P *proxy_JSONer) JSON() map[string]interface{} {/' "$out/src/x_package.go"
if [ "$(grep -c 'JSON.*map\[string\]interface{}' "$out/src/x_package.go")" != 2 ]; then
	echo "build.sh: x_package.go of $upstream has changed: adapt the fixes in this script" >&2
	exit 1
fi
printf 'package imports\n\nimport _ "%s/bindings"\n' "$(go list -m)" > "$out/src/imports/project.go"

cp go.mod "$out/kernel.mod"
cp go.sum "$out/kernel.sum"
go mod edit -replace="$upstream=$out/src" -replace="euryale=$(realpath ../..)" "$out/kernel.mod"
# Without a GOROOT the interpreter does not read the sources of the standard library, and does
# not print warnings about their generic functions.
go build -ldflags='-X runtime.defaultGOROOT=' -modfile="$out/kernel.mod" -o "$out/gophernotes" "$upstream"

spec="$out/jupyter/kernels/gophernotes"
mkdir -p "$spec"
printf '{\n  "argv": ["%s/gophernotes", "{connection_file}"],\n  "display_name": "Go (gophernotes)",\n  "language": "go",\n  "name": "gophernotes"\n}\n' "$out" > "$spec/kernel.json"
