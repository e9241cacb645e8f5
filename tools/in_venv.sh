#!/bin/sh
# Runs the project's Python, in its own environment, with the given arguments.
set -eu
cd "$(dirname "$0")/.."
# A python3.N on PATH may be a pyenv shim of a version that is not selected: only an answer counts.
for python in python3 python3.13 python3.12 python3.11 none; do
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        break
    fi
done
if [ "$python" = none ]; then
    echo "Python 3.11, 3.12 or 3.13 is needed: install it, for instance by 'apt install python3 python3-venv'." >&2
    exit 1
fi
# Ansible refuses to start in a locale that is not UTF-8.
export LC_ALL=C.UTF-8
venv=$("$python" -m tools.setup)
PATH="$venv/bin:$PATH"
export PATH
exec "$venv/bin/python" "$@"
