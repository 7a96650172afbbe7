#!/usr/bin/env bash
# scripts/mount on nothing, and on a store that is there; with the program in $PERSISTFS_BINARY.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
place=$(mktemp -d /tmp/pfs-scripts.XXXXXX)
trap 'umount -l "$place/my-app" 2>/dev/null || :; rm -rf --one-file-system "$place"' EXIT
cd "$place"
export XDG_RUNTIME_DIR=$place

"$top/scripts/mount"
echo '{"name": "Alice"}' >my-app/records/alice.json
"$PERSISTFS_BINARY" umount my-app
[ "$(ls -A data)" = my-app.db ]

"$top/scripts/mount" data/my-app.db my-app
[ "$(cat my-app/records/alice.json)" = '{"name": "Alice"}' ]
if "$top/scripts/mount" 2>error; then exit 1; fi
grep -q 'already mounted here' error
"$PERSISTFS_BINARY" umount my-app
[ "$(ls -A data)" = my-app.db ]

# Where there is no Swift, it says what to do.
mkdir -p bare/Sources bin
cp -r "$top/scripts" bare/
touch bare/Package.swift
for program in bash sed dirname id find touch mkdir pkg-config git fusermount3 cat; do
    ln -s "$(command -v "$program")" bin/
done
if env -i PATH="$place/bin" HOME="$place" SWIFT_PLACES= bash bare/scripts/mount 2>error; then exit 1; fi
grep -q 'needs Swift 6.2' error
