#!/bin/sh
# What a container runs: `app`, `worker`, or any other verb of `ourvidz` (migrate, doctor, models).
set -eu

role=${1:-app}
[ "$#" -eq 0 ] || shift

case $role in
app) exec python app.py "$@" ;;
*) exec ourvidz "$role" "$@" ;;
esac
