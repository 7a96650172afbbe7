# Sourced by scripts/bench: the sides that are compared. Each is opened at a fresh place, attached (mounted), detached
# and closed; `at` is the directory in which the client then works.

# shellcheck shell=bash disable=SC2154  # set by scripts/bench

# +T: each directory gets a place of its own on an ext4, as far as possible from the last one. Else ext4's own create
# swings by a factor of ten, with what was removed before.
apart() { chattr +T "$@" 2>/dev/null || :; }

# open_side SIDE BASE [events]: a new place for this side under BASE, and the side attached to it.
open_side() {
    side=$1
    sessions=$((sessions + 1))
    here=$2/$sessions
    mkdir "$here"
    apart "$2" "$here"
    mkdir "$here/backing" "$here/mount"
    apart "$here/backing"
    case $side in
        disk) at=$here/backing ;;
        persistfs | cached | p[0-9]*) at=$here/mount/${3:-blobs} ;;
        records) at=$here/mount/records ;;
        *) at=$here/mount ;;
    esac
    case $side in
        juicefs)
            "$juicefs" format -q --storage file --bucket "$here/backing/" --trash-days 0 "sqlite3://$here/juicefs.db" \
                bench >"$log" 2>&1 || return 1
            ;;
        p[0-9]*) other_pages "${side#p}" || return 1 ;;
    esac
    sync -f "$here"
    attach
}

# other_pages KIB: a new store gets pages of another size. Only a new one can: no option of a mount does it.
other_pages() {
    "$persistfs" mount "$here/store.db" "$here/mount" >"$log" 2>&1 && "$persistfs" umount "$here/mount" >"$log" 2>&1 &&
        sqlite3 "$here/store.db" "PRAGMA journal_mode = DELETE; PRAGMA page_size = $(($1 * 1024)); VACUUM;
            PRAGMA journal_mode = WAL; SELECT 1 / (page_size = $(($1 * 1024))) FROM pragma_page_size" >"$log" 2>&1 &&
        [ "$(tail -n 1 "$log")" = 1 ]
}

# directory NAME: makes it in this side, apart from others.
directory() {
    mkdir "$at/$1" || return 1
    case $side in disk | pt*) apart "$here/backing/$1" ;; esac
}

passthrough() {
    "${pinned[@]}" "$passthrough_ll" -f -o "source=$here/backing$1" "$here/mount" >"$log" 2>&1 &
    daemon=$!
    until_mounted
}

attach() {
    daemon=
    case $side in
        disk | sqlite) ;;
        pt) passthrough "" ;;
        pta) passthrough ,cache=always ;;
        ptx) passthrough ,xattr ;;
        juicefs)
            "${pinned[@]}" "$juicefs" mount -f --no-usage-report --no-syslog --cache-dir "$here/cache" \
                "sqlite3://$here/juicefs.db" "$here/mount" >"$log" 2>&1 &
            daemon=$!
            until_mounted
            ;;
        persistfs | records | p[0-9]*)
            "${pinned[@]}" "$persistfs" mount "$here/store.db" "$here/mount" >"$log" 2>&1
            ;;
        # With what sends it on, and the far side itself, on the same machine.
        cached)
            "${pinned[@]}" "$persistfs" mount -o "cache_dir=$here/cache" \
                "exec:python3 $top/Hosts/python/sqlite_adapter.py $here/far.db" "$here/mount" >"$log" 2>&1
            ;;
    esac
}

detach() {
    is_mounted || return 0
    case $side in
        persistfs | records | cached | p[0-9]*) "$persistfs" umount --timeout 600 "$here/mount" >"$log" 2>&1 ;;
        *) detach_child ;;
    esac
}

close_side() {
    detach || return 1
    rm -rf "$here"
}

# cold [drop]: nothing of this side is in the kernel's caches of its mount; with drop, nothing in any cache.
cold() {
    detach || return 1
    if [ "${1:-}" = drop ]; then
        sync
        drop_caches 3
    elif [ "$side" = disk ]; then
        drop_caches 2
    fi
    attach
}

# The process that serves the mount of persistfs.
serving() { sed -n 's/^ *"pid" *: *\([0-9]*\).*/\1/p' "$here/mount/.persist/status.json" | tail -n 1; }
