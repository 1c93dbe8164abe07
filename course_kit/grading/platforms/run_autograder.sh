#!/usr/bin/env bash
# Gradescope starts this for each submission, as root, in a fresh container. Without results.json it tells the
# instructor that the autograder failed: a machine that cannot grade gives nobody a zero.
set -euo pipefail
AUTOGRADER=${AUTOGRADER:-/autograder}
COURSE=${COURSE:-/opt/course}
umask 077
chmod -R go= "$AUTOGRADER"  # however it was unpacked, nobody but root reads the answers or writes results
cd /  # not where students' files lie
exec "$COURSE/bin/python" -I -m course_kit.grading.platforms.gradescope "$AUTOGRADER" "$@"
