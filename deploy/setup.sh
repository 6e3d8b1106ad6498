#!/bin/sh
# Makes .venv with everything that requirements.txt pins, and our own distributions (the arguments) as they lie here.
# Safe to repeat.
set -eu
python="${PYTHON:-python3}"

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "Culture Connect needs Python 3.11 or newer, as PYTHON=... or python3." >&2
    exit 1
fi

if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    # Debian keeps what makes virtual environments in a package of its own.
    if ! "$python" -c 'import ensurepip' 2>/dev/null; then
        if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
            echo "Python's venv is incomplete: install the package python3-venv." >&2
            exit 1
        fi
        apt-get update -q
        DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends python3-venv
    fi
    "$python" -m venv --clear .venv
fi

pip() {
    .venv/bin/python -m pip --quiet --disable-pip-version-check "$@"
}

# uv is many times as fast, but does not read pip's configuration: where only pip knows the way, pip goes it.
install() {
    VIRTUAL_ENV="$PWD/.venv" .venv/bin/uv pip install --quiet "$@" || pip install "$@"
}

editable() {
    install --no-deps --no-build-isolation $(for member in "$@"; do echo "-e ./$member"; done)
}

pip install --require-hashes -r deploy/bootstrap.txt
install --require-hashes -r requirements.txt
editable "$@"
