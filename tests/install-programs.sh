#!/bin/sh
# Installs the programs that tests call, where that is possible without asking anyone: Debian or Ubuntu,
# as root or with a sudo that needs no password. Elsewhere the tests name what they missed.
set -u

missing=""
want() {
    command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}

want curl curl
want openssl openssl
want ffmpeg ffmpeg
want lame lame
want flac flac
want oggenc vorbis-tools
want opusenc opus-tools
want fluidsynth fluidsynth
want espeak-ng espeak-ng
want audacity audacity
want Xvfb xvfb
want openbox openbox
want xdotool xdotool
want wmctrl wmctrl
want scrot scrot
want luacheck lua-check
want node nodejs
want chromium chromium
want chromedriver chromium-driver
[ -e /usr/share/sounds/sf2/FluidR3_GM.sf2 ] || missing="$missing fluid-soundfont-gm"

[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null 2>&1; then
    echo "Not installed (no apt here):$missing"
    exit 0
fi
if [ "$(id -u)" = 0 ]; then
    as_root=""
elif sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    echo "Not installed (needs root):$missing"
    exit 0
fi
echo "Installing$missing"
# shellcheck disable=SC2086
if ! { $as_root apt-get -qq update &&
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends $missing >/dev/null; }; then
    echo "Some programs could not be installed:$missing"
fi
