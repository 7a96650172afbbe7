#!/usr/bin/env bash
# scripts/bench on a little of all: it measures, says what it could not measure, and leaves nothing; also when it is
# ended in the middle. With the program in $PERSISTFS_BINARY. No figure is judged here.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
place=$(mktemp -d /tmp/pfs-scripts.XXXXXX)
trap 'rm -rf --one-file-system "$place"' EXIT
export XDG_RUNTIME_DIR=$place/run
mkdir "$place/run" "$place/bench" "$place/broken"
little=(--dir "$place/bench" --rounds 1 --modes free --files 100 --mib 16 --keys 10000)
is_clean() {
    local left
    left=$(
        ls -A "$place/bench"
        grep -F "$place/bench" /proc/self/mountinfo
        losetup -l 2>/dev/null | grep -F "$place/bench"
        pgrep -af "$place/bench"
    ) || :
    [ -z "$left" ] || { echo "left: $left" && exit 1; }
}

"$top/scripts/bench" "${little[@]}" --sides disk,pt,ptx,persistfs,records,sqlite,p4 --results "$place/results" >"$place/out"
is_clean
for row in "create free persistfs" "create free records" "create free p4" "create free sqlite" "append-8-8 free ptx" \
    "random-write free pt" "rsync-again free disk" "clone free persistfs" "memory-read free persistfs"; do
    grep -q "^$row 1 [0-9]" "$place/results"
done
if grep failed "$place/results"; then exit 1; fi
grep -q '^| create + write 100 B + close | ≤ 1.0 × pt | free [0-9.]* | ' "$place/out"

# Beside a rival on a server of S3.
"$top/scripts/bench" --s3 --dir "$place/bench" --rounds 1 --latencies 1 --files 100 --mib 16 --sides writeback,persistfs \
    --results "$place/results" >"$place/out"
is_clean
for row in "s3-small-sent 1ms persistfs" "s3-ls-warm 1ms writeback" "s3-rsync-out 1ms persistfs" "s3-random 1ms persistfs"; do
    grep -q "^$row 1 [0-9]" "$place/results"
done
grep -q '^s3-small-sent 1ms persistfs 1 requests .*put=1[0-9][0-9],' "$place/results"
if grep failed "$place/results"; then exit 1; fi
grep -q '^| `ls -lR` of five times as many, cold | 2 times as fast as the best rival | 1ms [0-9.]* | ' "$place/out"

"$top/scripts/bench" --s3 --dir "$place/bench" --rounds 1 --only small --sides persistfs >"$place/out" 2>&1 &
sleep 3
kill "$!"
if wait "$!"; then exit 1; fi
is_clean

# A program that mounts nothing.
ln -s "$(dirname "$PERSISTFS_BINARY")/persistfs-bench" "$place/broken/"
ln -s "$(type -P false)" "$place/broken/persistfs"
if PERSISTFS_BINARY=$place/broken/persistfs "$top/scripts/bench" "${little[@]}" --only create --sides persistfs \
    >"$place/out" 2>"$place/error"; then exit 1; fi
grep -q 'small on persistfs did not finish' "$place/error"
is_clean

for moment in 1 3; do
    "$top/scripts/bench" "${little[@]}" --files 20000 --only create,rm --sides pt,persistfs >"$place/out" 2>&1 &
    sleep "$moment"
    kill "$!"
    if wait "$!"; then exit 1; fi
    is_clean
done

if "$top/scripts/bench" --only nothing 2>"$place/error"; then exit 1; fi
grep -q 'there is no nothing' "$place/error"
