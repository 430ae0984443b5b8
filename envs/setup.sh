#!/bin/sh
# Makes .venv from the hashed locks of envs/lock; does nothing if that is done already.
# sh envs/setup.sh           what the workflow needs
# sh envs/setup.sh dev       and what its tests need
# sh envs/setup.sh oracles   .venv-oracles, with the large libraries that some tests compare with
# sh envs/setup.sh storage   .venv-storage, with Snakemake's storage plugin for S3 (docs/storage.md)
# sh envs/setup.sh audit     .venv-audit, with nothing but the tools that look at the locks
set -eu
cd "$(dirname "$0")/.."
case "${1:-}" in
    audit | storage) venv=.venv-$1 locks="envs/lock/$1.txt" ;;
    oracles) venv=.venv-oracles locks="envs/lock/run.txt envs/lock/oracles.txt" ;;
    *) venv=.venv locks="envs/lock/run.txt${1:+ envs/lock/$1.txt}" ;;
esac
stamp="$venv/installed${1:+-$1}"
if [ -f "$stamp" ] && cat $locks | cmp -s - "$stamp"; then exit 0; fi

python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "setup: $python is missing or older than 3.11; install a newer one or name it: PYTHON=python3.12 make" >&2
    exit 1
}

# Debian and Ubuntu ship python3 without pip: its wheel is in their archive, and can be fetched without root.
debian_pip() {
    mkdir -p "$1/lists/partial" "$1/archives/partial"
    apt="apt-get -qq -o Dir::State::Lists=$1/lists -o Dir::Cache=$1 -o APT::Sandbox::User=$(id -un)"
    $apt update >&2
    (cd "$1" && $apt download python3-pip-whl >&2 && dpkg -x python3-pip-whl_*.deb .)
    echo "$1"/usr/share/python-wheels/pip-*.whl
}

case $locks in *audit.txt) size="0.2 GB" ;; *) size="6 GB" ;; esac
echo "setup: installing the pinned packages into $venv (about $size, once)"
[ -x $venv/bin/python ] || "$python" -m venv --without-pip $venv
if ! $venv/bin/uv --version >/dev/null 2>&1; then
    part=$(mktemp -d)
    trap 'rm -rf "$part"' EXIT
    if $venv/bin/python -m ensurepip >/dev/null 2>&1; then pip="-m pip"; else pip=$(debian_pip "$part")/pip; fi
    $venv/bin/python $pip install --quiet --require-hashes -r envs/lock/bootstrap.txt
fi
requirements=""
for lock in $locks; do requirements="$requirements -r $lock"; done
$venv/bin/uv pip install --quiet --compile-bytecode --python $venv/bin/python --require-hashes $requirements
cat $locks >"$stamp"
