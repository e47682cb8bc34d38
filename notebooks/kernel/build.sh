#!/bin/bash
# Builds the notebook kernel: gophernotes with this project's packages linked in, and those
# of a module of one's own.
#
#   build.sh [OUT [MODULE]]    writes OUT/gophernotes, OUT/supervise and
#                              OUT/jupyter/kernels/gophernotes/kernel.json; OUT is .build/kernel
#                              unless given, where open.sh and run.sh expect the kernel. MODULE is
#                              the directory of the module, whose packages notebooks can import then
set -euo pipefail
out=$(realpath -m "${1:-"$(dirname "$0")/../../.build/kernel"}")
module=${2:+$(realpath "$2")}
cd "$(dirname "$0")"
kernel=github.com/gopherdata/gophernotes interpreter=github.com/cosmos72/gomacro

# patched NAME MODULE: writes a copy of the module (checked by go.sum) with the patches of
# patches/NAME and the files of _NAME to $out/src/NAME. A patch that does not fit ends the build.
patched() {
	local from to=$out/src/$1
	go mod download "$2"
	from=$(go list -m -f '{{.Dir}}' "$2")
	rm -rf "$to"
	mkdir -p "$to"
	(cd "$from" && find . \( -name '*.go' ! -name '*_test.go' -o -name '*.s' -o -name '*.h' -o -name go.mod \) ! -path './_*' ! -path './cmd*' -print0 | xargs -0 cp --parents -t "$to")
	chmod -R u+w "$to"
	for patch in patches/"$1"/*.patch; do
		# The ceiling: the copy is no part of the repository around it.
		if ! GIT_CEILING_DIRECTORIES=$out/src git -C "$to" apply "$PWD/$patch"; then
			echo "build.sh: $2 has changed: adapt notebooks/kernel/$patch" >&2
			exit 1
		fi
	done
	cp -r _"$1"/. "$to"
}

go run ./genbind bindings/bindings.go

# gophernotes is a program and cannot be imported: its patched copy also imports the bindings.
rm -rf "$out/src"
patched gophernotes "$kernel"
patched gomacro "$interpreter"
printf 'package imports\n\nimport (\n\t_ "%s/bindings"\n\t_ "%s/generics"\n)\n' "$(go list -m)" "$(go list -m)" > "$out/src/gophernotes/imports/project.go"

cp go.mod "$out/kernel.mod"
cp go.sum "$out/kernel.sum"
go mod edit -replace="$kernel=$out/src/gophernotes" -replace="$interpreter=$out/src/gomacro" -replace="euryale=$(realpath ../..)" "$out/kernel.mod"
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
	printf 'package imports\n\nimport _ "own"\n' > "$out/src/gophernotes/imports/own.go"
fi
# Without a GOROOT the interpreter does not read the sources of the standard library, and does
# not print warnings about their generic functions.
go build -ldflags='-X runtime.defaultGOROOT=' -modfile="$out/kernel.mod" -o "$out/gophernotes" "$kernel"
go build -o "$out/supervise" ./supervise

spec="$out/jupyter/kernels/gophernotes"
mkdir -p "$spec"
printf '{\n  "argv": ["%s/supervise", "%s/gophernotes", "{connection_file}"],\n  "display_name": "Go (gophernotes)",\n  "language": "go",\n  "name": "gophernotes"\n}\n' "$out" "$out" > "$spec/kernel.json"
