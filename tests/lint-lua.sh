#!/bin/sh
# Lints and checks the layout of the project's Lua: luacheck (Debian: lua-check) and stylua (npm:
# @johnnymorganz/stylua-bin). Installs nothing; a missing one is named, and under CI=true a failure.
set -u
cd "$(dirname "$0")/.." || exit 1

status=0
missing=""

if command -v luacheck >/dev/null 2>&1; then
    luacheck --quiet reaper_scripts tests/fakes/reaper/prelude.lua || status=1
else
    missing="$missing luacheck (apt install lua-check)"
fi

stylua="${STYLUA:-}"
for candidate in "$PWD/.venv/node_modules/.bin/stylua" "$(command -v stylua 2>/dev/null)"; do
    [ -n "$stylua" ] || { [ -x "$candidate" ] && stylua="$candidate"; }
done
if [ -n "$stylua" ]; then
    "$stylua" --check reaper_scripts tests/fakes/reaper/prelude.lua || status=1
else
    missing="$missing stylua (npm install --prefix .venv @johnnymorganz/stylua-bin@2.5.2)"
fi

if [ -n "$missing" ]; then
    echo "The Lua was not fully linted; not installed:$missing"
    [ "${CI:-}" != true ] || status=1
fi
exit $status
