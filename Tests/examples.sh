#!/usr/bin/env bash
# Examples/memory-mount: builds it, runs its tests, mounts it. $PERSISTFS_BINARY is the command; arguments go to swift build
# (a scratch path of the root package: what that has built is not built again).
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
flags=(--package-path "$top/Examples/memory-mount" "$@")
place=$(mktemp -d /tmp/pfs-example.XXXXXX)
trap 'umount -l "$place/at" 2>/dev/null || :; kill $(jobs -p) 2>/dev/null || :; rm -rf --one-file-system "$place"' EXIT
export XDG_CACHE_HOME=$place/cache XDG_RUNTIME_DIR=$place

swift build "${flags[@]}" --build-tests </dev/null
swift test "${flags[@]}" --skip-build --disable-xctest </dev/null
program=$(swift build "${flags[@]}" --show-bin-path </dev/null)/memory-mount

# A program mounts an adapter of its own; it ends with the mount, or with SIGTERM.
mkdir "$place/at"
for end in umount kill; do
    "$program" "$place/at" >"$place/said" 2>&1 &
    for _ in {1..300}; do mountpoint -q "$place/at" && break; sleep 0.1; done
    cat "$place/said"
    cd "$place/at"
    echo '{"a": 1}' >records/a.json
    echo x >kv/k
    sed -i s/1/2/ records/a.json
    [ "$(cat records/a.json)" = '{"a": 2}' ]
    ls -R
    grep -q '^persistfs_far_side_up 1' .persist/metrics
    # Past what the adapter takes: it stays here, and status says why.
    head -c 34000000 /dev/zero >blobs/large
    "$PERSISTFS_BINARY" sync --timeout 5 "$place/at" 2>"$place/error" && exit 1
    grep -q 'refuses blobs/large: .*at most 33554432 bytes' "$place/error"
    rm blobs/large
    "$PERSISTFS_BINARY" sync "$place/at"
    "$PERSISTFS_BINARY" status "$place/at"
    cd /
    if [ $end = umount ]; then "$PERSISTFS_BINARY" umount "$place/at"; else kill -TERM $!; fi
    wait $!
    if mountpoint -q "$place/at"; then exit 1; fi
done
