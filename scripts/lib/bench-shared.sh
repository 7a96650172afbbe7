# Sourced by scripts/bench: what both of its parts need.

# shellcheck shell=bash disable=SC2154  # set by scripts/bench

child=        # the client that runs now
daemon=       # of the side that is attached, where it is our own child
servers=()    # other children, that are ended last
elsewhere=()  # what they leave outside of $work
sessions=0

# measure NAME WORKLOAD ARGUMENTS...: one line of results. What it returns is whether it could be measured.
measure() {
    local name=$1 line status
    shift
    "${pinned[@]}" timeout -k 5 "$limit" "$bench" "$@" >"$work/line" 2>"$log" </dev/null &
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

# By the kernel's table: a mount whose daemon is dead answers nothing else.
is_mounted() { awk -v point="$here/mount" '$5 == point { found = 1 } END { exit !found }' /proc/self/mountinfo; }

until_mounted() {
    local try
    for try in {1..500}; do
        is_mounted && return 0
        kill -0 "$daemon" 2>/dev/null || return 1
        sleep 0.01
    done
    return 1
}

# Unmounts a side whose daemon is a child of ours.
detach_child() {
    local try
    for try in {1..100}; do
        fusermount3 -u "$here/mount" 2>"$log" && break
        sleep 0.05
    done
    is_mounted && return 1
    wait "$daemon" 2>/dev/null
    daemon=
}

drop_caches() { [ "$(id -u)" != 0 ] || echo "$1" >/proc/sys/vm/drop_caches; }

# Takes away all that may still be there, whatever happened.
clear_away() {
    local point try server
    if [ -n "$child" ]; then
        # timeout(1), which passes it on to all that it started.
        kill "$child" 2>/dev/null
        wait "$child" 2>/dev/null
    fi
    # Whoever was killed may hold it for a moment.
    for try in {1..50}; do
        while read -r point; do
            "$persistfs" umount "$point" >/dev/null 2>&1 || fusermount3 -u "$point" 2>/dev/null ||
                umount "$point" 2>/dev/null || { [ "$try" = 50 ] && umount -l "$point"; }
        done < <(mounts_here)
        [ -n "$(mounts_here)" ] || break
        sleep 0.1
    done
    if [ -n "$daemon" ]; then
        kill "$daemon" 2>/dev/null
        wait "$daemon" 2>/dev/null
    fi
    for server in "${servers[@]}"; do
        kill -KILL "$server" 2>/dev/null
        wait "$server" 2>/dev/null
    done
    rm -rf "$work" "${elsewhere[@]}"
}

# The innermost first.
mounts_here() { awk -v work="$work/" 'index($5, work) == 1 { print $5 }' /proc/self/mountinfo | tac; }
