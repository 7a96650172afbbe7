# Sourced by scripts/bench: the workloads, each a function that opens a side, measures, and closes it again.
# Which sides take part in it, it says itself.

# shellcheck shell=bash disable=SC2154  # set by scripts/bench

# measure NAME WORKLOAD ARGUMENTS...: one line of results. What it returns is whether it could be measured.
measure() {
    local name=$1 line status
    shift
    "${pinned[@]}" timeout -k 5 300 "$bench" "$@" >"$work/line" 2>"$log" </dev/null &
    child=$!
    wait "$child"
    status=$?
    child=
    line=$(cat "$work/line")
    if [ "$status" = 0 ] && [ -n "$line" ]; then
        echo "$name $mode $side $round $line" >>"$results"
    else
        fail "$name" "exit status $status"
    fi
}

fail() {
    echo "$0: $1, $mode, $side: $2: $(tail -n 3 "$log")" >&2
    echo "$1 $mode $side $round failed" >>"$results"
    return 1
}

# Small files: create, and what is done to them afterwards. Cold: mounted again; the disk below stays as it is, but
# for the disk itself, which loses its directory entries and inodes.
sides_of_small="disk pt pta ptx juicefs persistfs records"
small() {
    local files
    open_side "$1" "$loop" || return
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
sides_of_large="disk pt pta ptx juicefs persistfs"
large() {
    open_side "$1" "$disk" || return
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

sides_of_append="disk pt ptx persistfs"
append() {
    local lines=$((count * 10)) shape
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
