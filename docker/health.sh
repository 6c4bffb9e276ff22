#!/bin/sh
# Whether the container can do its work: the app answers, a worker's card does.
# The role is what process 1 was started as, or the first argument.
set -eu

role=${1:-$(tr '\0' ' ' </proc/1/cmdline)}

case $role in
*app* | *"ourvidz serve"*)
    typed=$(echo "$role" | sed -n 's/.*--port[= ]\([0-9]*\).*/\1/p')
    # Never by a proxy of the environment: that has an address of its own for 127.0.0.1.
    exec python -c "
import sys, urllib.request
ask = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
with ask('http://127.0.0.1:${typed:-${OURVIDZ_PORT:-7860}}/healthz', timeout=10) as answer:
    sys.exit(answer.status != 200)
" ;;
*worker*)
    # A card that fell off the bus does not come back without a restart.
    ! command -v nvidia-smi >/dev/null || exec nvidia-smi --list-gpus
    ;;
esac
