#!/usr/bin/env bash
# Gradescope runs this once, as root, when it builds the container: Python, and the course with what it needs.
# It needs the system's packages and the Python package index, and nothing else.
set -euo pipefail
AUTOGRADER=${AUTOGRADER:-/autograder}
COURSE=${COURSE:-/opt/course}  # every user gets there: submissions run as another user than root
export PIP_EXTRA_INDEX_URL=${PIP_EXTRA_INDEX_URL-https://download.pytorch.org/whl/cpu}  # torch without CUDA
umask 022

if ! python3 -c 'import ensurepip' 2>/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3 python3-venv
fi
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))'; then
    echo "The course needs Python 3.10 or newer: choose a newer base image in Gradescope, such as Ubuntu 22.04." >&2
    exit 1
fi

cd "$AUTOGRADER/source"
chmod -R go= .  # before anything else runs here: the answers are in this folder
python3 -m venv "$COURSE"
"$COURSE/bin/python" -m pip install --quiet --no-cache-dir --constraint requirements.lock "$(echo ./*.whl)[grading]"
