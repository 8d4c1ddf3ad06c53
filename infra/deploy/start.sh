#!/bin/sh
# Starts Huimin in its container. numba wants a folder it can write to, and the image is read-only: the compiled kernels are copied there.
# A secret is mounted readable by its group; the key of the network must be its owner's only.
set -eu
mkdir -p "$NUMBA_CACHE_DIR"
cp -R /opt/huimin/kernels/. "$NUMBA_CACHE_DIR"
if [ -n "${HUIMIN_NETWORK_KEY:-}" ]; then
  install -m 0600 "$HUIMIN_NETWORK_KEY" /tmp/network.key
  export HUIMIN_NETWORK_KEY=/tmp/network.key
fi
exec huimin "$@"
