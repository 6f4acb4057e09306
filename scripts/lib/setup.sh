# Shared by the files in scripts/, which source it: `source "$(dirname "$0")/lib/setup.sh"`.
#
# Given are the functions `say`, `fail` and `set_up`, the working directory (the top of the
# repository), and `--help`, which prints the comment at the top of the calling file.
#
# Settings: PYTHON names the Python to build on; NO_COLOR switches colours off.
# shellcheck shell=bash

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

case "${1-}" in
-h | --help)
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "scripts/$(basename "$0")"
    exit
    ;;
esac

if [ -t 2 ] && [ -z "${NO_COLOR-}" ]; then
    bold=$'\e[1m' plain=$'\e[0m'
else
    bold='' plain=''
fi

# Progress goes to stderr, so that what a script prints can be piped.
say() { printf '%s==> %s%s\n' "$bold" "$*" "$plain" >&2; }

fail() {
    printf '%serror:%s %s\n' "$bold" "$plain" "$*" >&2
    exit 1
}

# set_up [COMMAND[:PACKAGE]]...: see that the commands exist, installing Debian's packages
# where they do not, and activate .venv with the project and its tools in it.
set_up() {
    local each missing=()
    find_python >/dev/null || missing=(python3 python3-venv)
    for each in "$@"; do
        exists "${each%%:*}" || missing+=("${each##*:}")
    done
    [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
    prepare_python
}

# A module of Perl is asked of Perl, and busybox what is built into it: perl/Expect,
# busybox/telnetd. All else is a command.
exists() {
    case "$1" in
    perl/*) command -v perl >/dev/null && perl -M"${1#perl/}" -e 1 2>/dev/null ;;
    busybox/*) command -v busybox >/dev/null && busybox --list | grep -qx "${1#busybox/}" ;;
    *) command -v "$1" >/dev/null ;;
    esac
}

install_packages() {
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi
    if ! command -v apt-get >/dev/null || ! "${as_root[@]}" true 2>/dev/null; then
        fail "please install, and try again (Debian: as root, apt-get install $*)"
    fi
    say "installing Debian packages: $*"
    as_root+=(env DEBIAN_FRONTEND=noninteractive DEBCONF_NOWARNINGS=yes)
    "${as_root[@]}" apt-get update -qq ||
        say "not every package list could be renewed; going on with what there is"
    "${as_root[@]}" apt-get install -y -qq --no-install-recommends "$@" >/dev/null ||
        fail "apt-get could not install: $*"
}

# .venv is built anew when pyproject.toml or the Python has changed; else this takes a
# fraction of a second.
prepare_python() {
    local base stamp
    base=$(find_python) || fail "chat needs Python 3.11 or later; set PYTHON to one"
    stamp="$base $(cksum <pyproject.toml)"
    if [ "$(cat .venv/stamp 2>/dev/null)" != "$stamp" ]; then
        # Of two scripts started at once, the second waits for what the first builds.
        exec 9>.setup.lock
        if command -v flock >/dev/null; then flock 9; fi
        if [ "$(cat .venv/stamp 2>/dev/null)" != "$stamp" ]; then
            build_venv "$base"
            printf '%s\n' "$stamp" >.venv/stamp
        fi
        exec 9>&-
    fi
    PATH="$PWD/.venv/bin:$PATH"
}

# Print a Python that is new enough and can make a complete virtual environment (Debian
# keeps the pip for that, ensurepip, in python3-venv). An active environment is looked
# through: .venv cannot be built on itself.
find_python() {
    local each program='
import ensurepip, os, sys
sys.exit(1) if sys.version_info < (3, 11) else print(os.path.realpath(sys._base_executable))'
    for each in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        "$each" -c "$program" 2>/dev/null && return
    done
    return 1
}

build_venv() {
    say "creating .venv with $("$1" --version)"
    "$1" -m venv --clear .venv
    say "installing chat and its tools into .venv (a minute; only when pyproject.toml changes)"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
}
