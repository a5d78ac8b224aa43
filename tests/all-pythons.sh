#!/bin/sh
# Runs the tests on every Python from 3.11 on that this machine has, each in an environment of its own.
# PYTHONS="3.13" makes it those alone.
set -eu
cd "$(dirname "$0")/.."
sh tests/install-programs.sh
found=""
for version in ${PYTHONS:-3.11 3.12 3.13 3.14}; do
    python=""
    for candidate in "python$version" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$version".*/bin/python; do
        if "$candidate" -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$version')" 2>/dev/null; then
            python="$candidate"
            break
        fi
    done
    [ -n "$python" ] || { echo "Python $version: not here"; continue; }
    env=".venv-$version"
    [ -x "$env/bin/python" ] || "$python" -m venv "$env"
    "$env/bin/python" -m pip install --quiet --upgrade 'pip>=25.1'
    "$env/bin/python" -m pip install --quiet --editable . --group test
    STEMBRIDGE_HOME="$PWD/$env/models" "$env/bin/stembridge" --quiet engines install spleeter
    echo "Python $version: $("$env/bin/python" --version)"
    STEMBRIDGE_TEST_MODELS="$PWD/$env/models" "$env/bin/python" -m pytest -q -n auto
    found="$found $version"
done
echo "Tested on Python:$found"
[ -n "$found" ]
