#!/bin/bash
# Builds the notebook kernel: gophernotes with this project's packages linked in, and those
# of a module of one's own.
#
#   build.sh OUT [MODULE]    writes OUT/gophernotes and OUT/jupyter/kernels/gophernotes/kernel.json;
#                            MODULE is the directory of the module, whose packages notebooks can
#                            import then
set -euo pipefail
out=$(realpath -m "${1:?usage: build.sh OUT [MODULE]}")
module=${2:+$(realpath "$2")}
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
cp _gophernotes/*.go "$out/src/"
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
if [ -n "$module" ]; then
	# The bindings of the module's packages are a module of their own.
	name=$(cd "$module" && go list -m)
	rm -rf "$out/own"
	mkdir -p "$out/own"
	printf 'module own\n\ngo 1.26.0\n' > "$out/own/go.mod"
	{
		printf 'package own\n\nimport (\n'
		(cd "$module" && go list -f '{{if ne .Name "main"}}	_ "{{.ImportPath}}"{{end}}' ./...) | grep .
		printf ')\n'
	} > "$out/own/own.go"
	go mod edit -require="$name@v0.0.0" -replace="$name=$module" -require=own@v0.0.0 -replace="own=$out/own" "$out/kernel.mod"
	cat "$module/go.sum" >> "$out/kernel.sum"
	GOFLAGS=-modfile="$out/kernel.mod" go run ./genbind "$out/own/own.go"
	printf 'package imports\n\nimport _ "own"\n' > "$out/src/imports/own.go"
fi
# Without a GOROOT the interpreter does not read the sources of the standard library, and does
# not print warnings about their generic functions.
go build -ldflags='-X runtime.defaultGOROOT=' -modfile="$out/kernel.mod" -o "$out/gophernotes" "$upstream"

spec="$out/jupyter/kernels/gophernotes"
mkdir -p "$spec"
printf '{\n  "argv": ["%s/gophernotes", "{connection_file}"],\n  "display_name": "Go (gophernotes)",\n  "language": "go",\n  "name": "gophernotes"\n}\n' "$out" > "$spec/kernel.json"
