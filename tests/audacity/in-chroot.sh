#!/bin/sh
# Runs the tests of the real Audacity against Debian 13's (3.7.3): Debian is unpacked into a folder, Audacity
# and the tests' Python are installed there, and pytest runs inside. Needs root and Debian's `debootstrap`.
#
#   tests/audacity/in-chroot.sh [arguments for pytest]
#
# STEMBRIDGE_CHROOT=folder keeps the folder for the next run; otherwise it is removed at the end.
# STEMBRIDGE_DEBIAN=name takes another release than trixie.
set -eu

repo=$(cd "$(dirname "$0")/../.." && pwd)
release=${STEMBRIDGE_DEBIAN:-trixie}

if [ "$(id -u)" != 0 ]; then
    echo "This needs root: it changes into another system's folder." >&2
    exit 1
fi
for program in debootstrap unshare chroot; do
    command -v "$program" >/dev/null 2>&1 || {
        echo "This needs the program '$program' (Debian's package debootstrap, util-linux or coreutils)." >&2
        exit 1
    }
done

if [ -n "${STEMBRIDGE_CHROOT:-}" ]; then
    root=$STEMBRIDGE_CHROOT
    mkdir -p "$root"
    root=$(cd "$root" && pwd)
    exec 9>"$root/.lock"
    flock --exclusive 9
else
    root=$(mktemp -d)
    # The mounts below are in a name space that ends with its last process: nothing of this system is under it.
    trap 'rm -rf --one-file-system "$root"' EXIT
    trap 'exit 130' INT TERM
fi

if [ ! -e "$root/.unpacked" ]; then
    debootstrap --variant=minbase --include=ca-certificates,iproute2,python3-venv "$release" "$root" >"$root.log" 2>&1 || {
        tail -20 "$root.log" >&2
        exit 1
    }
    rm -f "$root.log"
    touch "$root/.unpacked"
fi
cp /etc/resolv.conf "$root/etc/resolv.conf"
[ ! -e /etc/ssl/certs/ca-certificates.crt ] || cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"

cat >"$root/install" <<'INSIDE'
#!/bin/sh
set -eu
cd "$1"
command -v ip >/dev/null || { apt-get -qq update && apt-get -qq install --yes iproute2 >/dev/null; }
sh tests/install-programs.sh
[ -x /opt/venv/bin/python ] || python3 -m venv /opt/venv
/opt/venv/bin/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
/opt/venv/bin/python -m pip install --quiet --disable-pip-version-check --editable . --group test
dpkg-query --show audacity
INSIDE
cat >"$root/run-tests" <<'INSIDE'
#!/bin/sh
set -eu
cd "$1"
shift
ip link set lo up
exec /opt/venv/bin/python -m pytest -p no:cacheprovider "$@"
INSIDE
chmod +x "$root/install" "$root/run-tests"

if [ "$#" = 0 ]; then
    set -- tests/audacity -v
fi
models=${STEMBRIDGE_TEST_MODELS:-}
mkdir -p "$root$repo" "$root$models"

# inside <namespaces> <program> <its arguments>: runs a program there, in a world that ends with it.
inside() {
    namespaces=$1
    shift
    # shellcheck disable=SC2086
    unshare --mount --propagation private --pid --fork --kill-child $namespaces sh -eu -c '
        root=$1 repo=$2 models=$3
        shift 3
        mount -t proc proc "$root/proc"
        mount --rbind /dev "$root/dev"
        mount --bind "$repo" "$root$repo"
        [ -z "$models" ] || mount --bind "$models" "$root$models"
        exec chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 CI="${CI:-}" PYTHONDONTWRITEBYTECODE=1 \
            STEMBRIDGE_TEST_MODELS="$models" STEMBRIDGE_STRESS="${STEMBRIDGE_STRESS:-100}" \
            ${http_proxy:+"http_proxy=$http_proxy"} ${https_proxy:+"https_proxy=$https_proxy"} \
            ${no_proxy:+"no_proxy=$no_proxy"} \
            PATH=/opt/venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
    ' sh "$root" "$repo" "$models" "$@"
}
inside "" /install "$repo"
# The tests have their own /tmp (and so the pipe), processes and network (and so the screens' sockets):
# an Audacity or a screen that this system runs meanwhile is neither seen nor touched.
inside "--net --ipc" /run-tests "$repo" "$@"
