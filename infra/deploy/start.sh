#!/bin/sh
# Starts Huimin in its container. numba wants a folder it can write to, and the image is read-only: the compiled kernels are copied there.
set -eu
mkdir -p "$NUMBA_CACHE_DIR"
cp -R /opt/huimin/kernels/. "$NUMBA_CACHE_DIR"
exec huimin "$@"
