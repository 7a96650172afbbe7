# Sourced by scripts/bench: the workloads, each a function that opens a side, measures, and closes it again.
# Which sides take part in it, it says itself.

# shellcheck shell=bash disable=SC2154  # set by scripts/bench

# Small files: create, and what is done to them afterwards. Cold: mounted again; the disk below stays as it is, but
# for the disk itself, which loses its directory entries and inodes.
sides_of_small="disk pt pta ptx juicefs persistfs records cached p4 p8 p16 p64 sqlite"
small() {
    local files
    open_side "$1" "$loop" || return
    [ "$side" != sqlite ] || { small_in_sqlite && close_side && return; }
    directory d || return
    files=$at/d
    measure create create "$files" "$count" || return
    if wanted stat; then
        cold || return
        measure stat-cold stat "$files" "$count" || return
        sleep 2
        measure stat-warm stat "$files" "$count" || return
    fi
    if wanted read; then
        cold || return
        measure read-cold read "$files" "$count" || return
        measure read-warm read "$files" "$count" || return
    fi
    if wanted list; then
        cold || return
        measure list-cold list "$files" || return
        measure list-again list "$files" || return
        cold || return
        measure names-cold names "$files" || return
    fi
    if wanted ls; then
        cold || return
        measure ls-cold time "$count" ls -l "$files" || return
        measure ls-again time "$count" ls -l "$files" || return
    fi
    if wanted unlink; then
        measure unlink unlink "$files" "$count" || return
    fi
    if wanted rm; then
        directory r || return
        "$bench" create "$at/r" "$count" >/dev/null 2>"$log" || return
        measure rm time "$count" rm -rf "$at/r" || return
    fi
    close_side
}

# The nearest that there is without files: rows.
small_in_sqlite() {
    local rows=$here/plain.db
    measure create sqlite create "$rows" "$count" || return
    measure stat-cold sqlite stat "$rows" "$count" || return
    measure stat-warm sqlite stat "$rows" "$count" || return
    measure read-cold sqlite read "$rows" "$count" || return
    measure read-warm sqlite read "$rows" "$count" || return
    measure unlink sqlite unlink "$rows" "$count"
}

# JuiceFS does not sync on fsync: it takes no part in what is durable.
sides_of_durable="disk pt ptx persistfs records"
durable() {
    open_side "$1" "$disk" || return
    directory d || return
    measure create-fsync create-fsync "$at/d" "$((count / 10))" || return
    if [ "$side" != records ]; then
        measure fsync-1 fsync "$at" "$((count / 10))" 1 || return
        measure fsync-8 fsync "$at" "$((count / 10))" 8 || return
    fi
    close_side
}

# Cold reads: no byte of it in any cache.
sides_of_large="disk pt pta ptx juicefs persistfs p4 p8 p16 p64 sqlite"
large() {
    open_side "$1" "$disk" || return
    if [ "$side" = sqlite ]; then
        sync
        measure write-1M sqlite write "$here/plain.db" "$large_bytes" || return
        cold drop || return
        measure reread-cold sqlite reread "$here/plain.db" "$large_bytes" || return
        measure reread-warm sqlite reread "$here/plain.db" "$large_bytes" || return
        close_side
        return
    fi
    if wanted write; then
        measure write-4K write "$at/small-pieces" "$large_bytes" 4096 || return
        rm "$at/small-pieces" || return
    fi
    sync
    measure write-1M write "$at/file" "$large_bytes" 1048576 || return
    if wanted reread; then
        cold drop || return
        measure reread-cold reread "$at/file" "$large_bytes" 1048576 || return
        measure reread-warm reread "$at/file" "$large_bytes" 1048576 || return
        cold drop || return
        measure reread-4K reread "$at/file" "$large_bytes" 4096 || return
    fi
    if wanted random; then
        local bytes=$((large_bytes / 4))
        rm "$at/file" && "$bench" write "$at/random" "$bytes" 1048576 >/dev/null 2>"$log" || return
        cold drop || return
        measure random-read random-read "$at/random" "$bytes" "$((count / 2))" || return
        measure random-write random-write "$at/random" "$bytes" "$((count * 2))" || return
    fi
    close_side
}

sides_of_append="disk pt ptx persistfs p4 p8 p16 p64 sqlite"
append() {
    local lines=$((count * 10)) shape
    if [ "$1" = sqlite ]; then
        open_side "$1" "$loop" && measure append-1 sqlite append "$here/plain.db" "$lines" && close_side
        return
    fi
    for shape in "1 1" "8 1" "8 8"; do
        # shellcheck disable=SC2086
        set -- "$1" $shape
        open_side "$1" "$loop" events || return
        if [ "$shape" = "1 1" ]; then
            measure append-1 append "$at" "$lines" 1 1 || return
        else
            measure "append-$2-$3" append "$at" "$lines" "$2" "$3" || return
        fi
        close_side || return
    done
}

# What people do. Sources of 5,000 mixed files (rsync, du, grep) and a repository of 2,000 (git) are made once.
sides_of_programs="disk pt ptx juicefs persistfs"
programs() {
    local tree=$loop/tree repository=$loop/repository
    if [ ! -d "$tree" ]; then
        mkdir "$tree" "$repository"
        apart "$loop" "$tree"
        "$bench" tree "$tree" "$((count / 2))" && "$bench" tree "$repository" "$((count / 5))" &&
            git init -q "$repository" && git -C "$repository" add . &&
            git -C "$repository" -c user.name=bench -c user.email=bench@localhost commit -qm all || return
    fi 2>"$log"
    open_side "$1" "$loop" || return
    if wanted rsync; then
        mkdir "$here/out"
        apart "$here/out"
        measure rsync-in time "$((count / 2))" rsync -a "$tree/" "$at/copy/" || return
        measure rsync-again time "$((count / 2))" rsync -a "$tree/" "$at/copy/" || return
        cold || return
        measure rsync-out time "$((count / 2))" rsync -a "$at/copy/" "$here/out/" || return
    else
        cp -a "$tree" "$at/copy" || return
    fi
    if wanted grep; then
        cold || return
        measure du time "$((count / 2))" du -s "$at/copy" || return
        cold || return
        measure grep time "$((count / 2))" grep -rc "key, at: 0" "$at/copy" || return
    fi
    if wanted clone; then
        measure clone time "$((count / 5))" git clone -q --no-hardlinks "$repository" "$at/clone" || return
    fi
    close_side
}

# A large store, persistfs alone.
sides_of_many=persistfs
many() {
    local again
    open_side "$1" "$disk" || return
    detach || return
    "$bench" fill "$here/store.db" kv/many "$many" >/dev/null 2>"$log" &&
        "$bench" fill "$here/store.db" kv/few 1000 >/dev/null 2>"$log" &&
        "$bench" fill "$here/store.db" blobs/moved "$((many / 10))" >/dev/null 2>"$log" || return
    sync
    measure mount time 1 "$persistfs" mount "$here/store.db" "$here/mount" || return
    measure memory-names memory "$(serving)" names "$here/mount/kv/many" || return
    for again in 1 2 3; do
        cold || return
        measure lookup-few lookup "$here/mount/kv/few" 1000 1000 || return
        measure first-name first-name "$here/mount/kv/many" || return
        cold || return
        measure lookup-many lookup "$here/mount/kv/many" 1000 "$many" || return
        measure many-names names "$here/mount/kv/many" || return
        measure move time 1 mv "$at/moved" "$at/moved$again" && mv "$at/moved$again" "$at/moved" || return
    done
    directory closed && measure close close "$at/closed" "$count" || return
    measure memory-write memory "$(serving)" write "$at/big" "$((large_bytes * 2))" 1048576 || return
    cold drop || return
    measure memory-read memory "$(serving)" reread "$at/big" "$((large_bytes * 2))" 1048576 || return
    close_side
}
