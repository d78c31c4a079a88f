#!/bin/bash
# Brings the Debian packages that Rollway is built and tested with. Debian 12 and 13.
#
#     tools/dev/install_deps.sh [--check] [GROUP...]
#
# Without a group: what `make run` and `make test` need. Groups beside it: clients (the clients of
# `make test-clients` and Kafka's own classes), bench, fuzz, checks (tidy, format, lint), machine
# (fresh_machine.sh), all. --check installs nothing and answers by its exit status. Doing it twice
# is harmless.
set -euo pipefail

base_packages=(
    gcc g++ make libc6-dev
    libisal-dev libxxhash-dev libzstd-dev liblz4-dev libsnappy-dev zlib1g-dev liburing-dev
    libraft-dev libevent-dev libssl-dev libjansson-dev libcurl4-openssl-dev librdkafka-dev
    libcriterion-dev kcat
)
clients_packages=(default-jdk-headless maven nodejs npm golang-go python3-venv python3-dev curl)
bench_packages=(python3-minimal)
fuzz_packages=(clang libclang-rt-dev)
checks_packages=(clang clang-format clang-tidy gawk git)
machine_packages=(debootstrap git)

check_only=false
groups=(base)
for argument in "$@"; do
    case $argument in
    --check) check_only=true ;;
    clients | bench | fuzz | checks | machine) groups+=("$argument") ;;
    all) groups+=(clients bench fuzz checks machine) ;;
    *)
        echo "install_deps.sh: no group '$argument': clients, bench, fuzz, checks, machine, all" >&2
        exit 2
        ;;
    esac
done

if ! command -v dpkg-query >/dev/null; then
    echo "install_deps.sh: this is no Debian; the packages are named in this script" >&2
    exit 1
fi
release=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")

# raft_step() came with it; Debian 12 itself has 0.15.
raft_version_min=0.22

# Some packages have another name, or are not wanted, depending on what is there.
wanted=()
for group in "${groups[@]}"; do
    declare -n group_packages="${group}_packages"
    for package in "${group_packages[@]}"; do
        case $package in
        # Part of clang's own packages in Debian 12.
        libclang-rt-dev) [ "$release" != bookworm ] || package=libclang-rt-14-dev ;;
        # Not packaged apart from a Node.js that came from elsewhere.
        nodejs | npm) command -v "${package/nodejs/node}" >/dev/null && continue ;;
        golang-go) command -v go >/dev/null && continue ;;
        default-jdk-headless) command -v javac >/dev/null && continue ;;
        maven) command -v mvn >/dev/null && continue ;;
        esac
        wanted+=("$package")
    done
done

# dpkg-query fails when it has never heard of one of them.
missing=()
declare -A installed=()
while read -r package version state; do
    [ "$state" != installed ] || installed[${package%:*}]=$version
done < <(dpkg-query -W -f '${binary:Package} ${Version} ${db:Status-Status}\n' "${wanted[@]}" \
    2>/dev/null || true)
for package in "${wanted[@]}"; do
    if [ -z "${installed[$package]:-}" ]; then
        missing+=("$package")
    elif [ "$package" = libraft-dev ] &&
        dpkg --compare-versions "${installed[$package]}" lt "$raft_version_min"; then
        missing+=("$package")
    fi
done
if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi
if $check_only; then
    exit 1
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "install_deps.sh: run as root, or install sudo: missing are ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi
quiet_apt() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
        -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 "$@" >&2
}

echo "install_deps.sh: installing ${missing[*]}" >&2
quiet_apt update

# libraft is new enough in Debian 13 and, for Debian 12, in its backports: enabled from the mirror
# in use.
if [[ " ${missing[*]} " == *" libraft-dev "* && $release == bookworm ]]; then
    if ! apt-cache madison libraft-dev | grep -q bookworm-backports; then
        mirror=$(apt-get indextargets --format '$(REPO_URI)|$(RELEASE)' 'Created-By: Packages' |
            sed -n 's/|bookworm$//p' | head -n 1)
        if [ -z "$mirror" ]; then
            echo "install_deps.sh: apt knows no mirror of bookworm, so none of its backports" >&2
            exit 1
        fi
        echo "deb $mirror bookworm-backports main" |
            "${as_root[@]}" tee /etc/apt/sources.list.d/rollway-backports.list >/dev/null
        quiet_apt update
    fi
    missing=("${missing[@]/%libraft-dev/libraft-dev/bookworm-backports}")
fi
quiet_apt install --no-install-recommends "${missing[@]}"
