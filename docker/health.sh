#!/bin/sh
# Whether the container can do its work: the app answers, a worker's card does.
# The role is what process 1 was started as, or the first argument.
set -eu

role=${1:-$(tr '\0' ' ' </proc/1/cmdline)}

case $role in
*app*) exec python -c "
import sys, urllib.request
with urllib.request.urlopen('http://127.0.0.1:${OURVIDZ_PORT:-7860}/healthz', timeout=10) as answer:
    sys.exit(answer.status != 200)
" ;;
*worker*)
    # A card that fell off the bus does not come back without a restart.
    ! command -v nvidia-smi >/dev/null || exec nvidia-smi --list-gpus
    ;;
esac
