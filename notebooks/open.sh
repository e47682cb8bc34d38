#!/bin/bash
# Opens the notebooks in a browser: installs Debian's Jupyter and MathJax (for HTML with formulas)
# if they are missing, builds the kernel with the packages of this checkout, and starts the server.
#
#   open.sh [-module DIR] [ARGUMENTS of jupyter notebook]
#
# With -module the notebooks are those of the module in DIR, and can import its packages.
set -euo pipefail
module=
if [ "${1:-}" = -module ]; then
	module=$(realpath "${2:?open.sh: -module needs the directory of a module}")
	shift 2
fi
cd "$(dirname "$0")/.."
if ! command -v jupyter-notebook >/dev/null || command -v apt-get >/dev/null && [ ! -e /usr/share/javascript/mathjax/MathJax.js ]; then
	export DEBIAN_FRONTEND=noninteractive
	as=
	[ "$(id -u)" = 0 ] || as=sudo
	$as apt-get update -qq
	$as apt-get install -y --no-install-recommends jupyter-notebook jupyter-nbconvert libjs-mathjax
fi
notebooks/kernel/build.sh .build/kernel ${module:+"$module"}
export JUPYTER_PATH=$PWD/.build/kernel/jupyter
exec jupyter-notebook --notebook-dir="${module:-notebooks}" "$@"
