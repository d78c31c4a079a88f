#!/bin/bash
# Proves that `make test` and `make run` are all that a newcomer needs: in a Debian 12 of its own
# (debootstrap, with make and nothing else), from a clean checkout of the last commit, and that kcat
# then produces and consumes. Needs root; leaves nothing behind.
#
#     tools/dev/fresh_machine.sh [run]       `run` leaves `make test` out
set -euo pipefail

cd "$(dirname "$0")/../.."
only_run=false
[ "${1:-}" = run ] && only_run=true

if [ "$(id -u)" -ne 0 ]; then
    echo "fresh_machine.sh: debootstrap and chroot need root" >&2
    exit 1
fi
tools/dev/install_deps.sh machine

mirror=$(apt-get indextargets --format '$(REPO_URI)|$(RELEASE)' 'Created-By: Packages' |
    sed -n 's/|bookworm$//p' | head -n 1)
mirror=${mirror:-http://deb.debian.org/debian/}

machine=$(mktemp -d "${TMPDIR:-/tmp}/rollway-machine.XXXXXX")
server=
leave() {
    status=$?
    trap - EXIT INT TERM
    if [ -n "$server" ]; then
        # `make` and what it runs are one process group.
        kill -TERM -- "-$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
        # make goes before the server that it ended does.
        for ((tenths = 0; tenths < 150; tenths++)); do
            kill -0 -- "-$server" 2>/dev/null || break
            sleep 0.1
        done
        kill -KILL -- "-$server" 2>/dev/null || true
    fi
    for mounted in dev/shm dev proc; do
        ! mountpoint -q "$machine/$mounted" || umount "$machine/$mounted" ||
            umount --lazy "$machine/$mounted"
    done
    # Never into something that is still mounted.
    if ! grep -q " $machine/" /proc/mounts; then
        rm -rf --one-file-system "$machine"
    fi
    [ $status -eq 0 ] || echo "fresh_machine.sh: failed" >&2
    exit $status
}
trap leave EXIT
trap 'exit 130' INT TERM

in_machine() {
    chroot "$machine" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
        TERM=dumb ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
        sh -c "cd /root/rollway && $1"
}

echo "a bookworm from $mirror in $machine"
debootstrap --variant=minbase --include=make,ca-certificates bookworm "$machine" "$mirror" \
    >"$machine.log" 2>&1 || { tail -n 20 "$machine.log" >&2; exit 1; }
rm -f "$machine.log"
cp -L /etc/resolv.conf "$machine/etc/resolv.conf"
for settings in /etc/apt/apt.conf.d/*proxy*; do
    [ -e "$settings" ] && cp "$settings" "$machine/etc/apt/apt.conf.d/"
done
mount -t proc proc "$machine/proc"
mount --bind /dev "$machine/dev"
mount -t tmpfs tmpfs "$machine/dev/shm"
mkdir -p "$machine/root/rollway"
git archive HEAD | tar -x -C "$machine/root/rollway"

if ! $only_run; then
    echo "make test"
    in_machine "make -j$(nproc) test"
fi

echo "make run"
: >"$machine/root/run.log"
set -m # The server gets a process group, so that it can be ended as a whole.
in_machine "exec make -j$(nproc) run RUN_ARGUMENTS='-o listeners=PLAINTEXT://127.0.0.1:0'" \
    >"$machine/root/run.log" 2>&1 &
server=$!
set +m
address=
for ((tenths = 0; tenths < 9000; tenths++)); do
    address=$(sed -n 's/^rollwayd ready on \([^ ,]*:[0-9]*\).*/\1/p' "$machine/root/run.log")
    [ -n "$address" ] && break
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
done
if [ -z "$address" ]; then
    tail -n 40 "$machine/root/run.log" >&2
    echo "fresh_machine.sh: rollwayd did not get ready" >&2
    exit 1
fi

printf 'one\ntwo\nthree\n' | in_machine "kcat -b $address -t fresh -P"
answer=$(in_machine "kcat -b $address -t fresh -C -e -q -o beginning" | sort | tr '\n' ' ')
if [ "$answer" != "one three two " ]; then
    echo "fresh_machine.sh: produced one, two, three; consumed '$answer'" >&2
    exit 1
fi
echo "kcat produced and consumed on $address"
echo "1 passed, 0 failed"
