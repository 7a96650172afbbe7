# Sourced by scripts/bench --s3: the workloads, each a function that opens a side, measures, and closes it again.

# shellcheck shell=bash disable=SC2034,SC2154  # for and by scripts/bench

s3_sides="rclone s3fs juicefs writeback persistfs"
sides_of_s3_small=$s3_sides
sides_of_s3_ls=$s3_sides
sides_of_s3_large=$s3_sides
sides_of_s3_random=$s3_sides
sides_of_s3_rsync=$s3_sides

# In microseconds.
clock() { moment=${EPOCHREALTIME/[.,]/}; }

# client COMMAND...: one that is ended with this script.
client() {
    local status
    timeout -k 5 "$limit" "$@" >/dev/null 2>"$log" </dev/null &
    child=$!
    wait "$child"
    status=$?
    child=
    return "$status"
}

# timed NAME UNITS COMMAND...: how long a client takes from its start to its end, and what the side asked meanwhile.
timed() {
    local name=$1 units=$2 status
    shift 2
    ask latency "$milliseconds" || return
    clock
    since=$moment
    client "$@"
    status=$?
    clock
    [ "$status" = 0 ] || fail "$name" "exit status $status" || return
    note "$name" "$units" "$moment"
    requests "$name"
}

# rated NAME WORKLOAD...: what our own client says that it took, and what the side asked meanwhile.
rated() {
    ask latency "$milliseconds" || return
    clock
    since=$moment
    measure "$@" && requests "$1"
}

# note NAME UNITS END: one line of results, of what began at `since`.
note() {
    local took=$(($3 - since))
    echo "$1 $mode $side $round $took $took $(($2 * 1000000 / took))" >>"$results"
}

# What has been asked since the proxy was told the latency.
requests() {
    ask counts && echo "$1 $mode $side $round requests $answer" >>"$results"
}

# until_in_bucket NAME UNITS OBJECTS BYTES [PATH]: waits until a listing of the bucket shows so much at PATH, and notes it.
# Nobody is hurried. So that looking does not slow down what is looked for, it is begun when as many objects and bytes have
# been put; what counts is when the look began that found all.
until_in_bucket() {
    local name=$1 end=$((SECONDS + limit)) size="" place=far:$bucket/$keys
    case $side in juicefs | writeback) ;; *) place+=${5:-} ;; esac
    while [ "$SECONDS" -lt "$end" ]; do
        ask stored || return
        if [ "${answer% *}" -ge "$3" ] && [ "${answer#* }" -ge "$4" ]; then
            clock
            size=$(timeout -k 5 60 rclone size --json --fast-list "$place" 2>"$log" </dev/null)
            if [[ $size =~ \"count\":([0-9]+),\"bytes\":([0-9]+) ]] && [ "${BASH_REMATCH[1]}" -ge "$3" ] &&
                [ "${BASH_REMATCH[2]}" -ge "$4" ]; then
                [ -z "$name" ] || note "$name" "$2" "$moment"
                return 0
            fi
            sleep 0.1
        fi
        sleep 0.05
    done
    fail "${name:-fill}" "after $limit s the bucket has: $size"
}

# With what goes up later, until the unmount.
sent() {
    until_in_bucket "$@" && detach && requests "$1"
}

s3_small() {
    open_side "$1" || return
    mkdir "$at/d" || return
    timed s3-small "$count" "$bench" create "$at/d" "$count" || return
    sent s3-small-sent "$count" "$count" "$((count * 100))" d || return
    close_side
}

# The tree is made once by each side, undelayed, in directories of 100 files.
s3_ls() {
    local many=$((count * 5)) number
    open_side "$1" tree || return
    if [ -n "$is_new" ]; then
        ask latency 0 || return
        mkdir "$at/t" || return
        for ((number = 0; number < many / 100; number++)); do
            mkdir "$at/t/$number" || return
            echo "$at/t/$number"
        done >"$here/directories" 2>"$log"
        client xargs -a "$here/directories" -P 8 -I {} "$bench" create {} 100 || return
        until_in_bucket "" "$many" "$many" "$((many * 100))" t || return
        touch "$here/filled"
    fi
    [ -e "$here/filled" ] || return
    cold || return
    timed s3-ls-cold "$many" ls -lR "$at/t" || return
    timed s3-ls-warm "$many" ls -lR "$at/t" || return
    close_side
}

s3_large() {
    open_side "$1" || return
    rated s3-write write "$at/file" "$large_bytes" 1048576 || return
    sent s3-write-sent "$large_bytes" 1 "$large_bytes" file || return
    cold || return
    rated s3-read-cold reread "$at/file" "$large_bytes" 1048576 || return
    rated s3-read-warm reread "$at/file" "$large_bytes" 1048576 || return
    close_side
}

# The file is made once by each side, undelayed.
s3_random() {
    local bytes=$((large_bytes * 2))
    open_side "$1" random || return
    if [ -n "$is_new" ]; then
        ask latency 0 || return
        client "$bench" write "$at/file" "$bytes" 1048576 || return
        until_in_bucket "" "$bytes" 1 "$bytes" file || return
        touch "$here/filled"
    fi
    [ -e "$here/filled" ] || return
    cold || return
    rated s3-random random-read "$at/file" "$bytes" "$((count / 4))" || return
    close_side
}

s3_rsync() {
    local tree=$work/rsync-tree bytes command=(rsync -a)
    # SeaweedFS keeps no metadata of directories: rsync says that theirs could not be set, and ends with 23.
    [ "$1" != s3fs ] || command=(sh -c 'rsync "$@" || [ $? = 23 ]' - -a)
    if [ ! -d "$tree" ]; then
        mkdir "$tree" && "$bench" tree "$tree" "$count" 2>"$log" || return
    fi
    bytes=$(find "$tree" -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum }')
    open_side "$1" || return
    timed s3-rsync-in "$count" "${command[@]}" "$tree/" "$at/copy/" || return
    until_in_bucket s3-rsync-sent "$count" "$count" "$bytes" copy || return
    requests s3-rsync-sent
    timed s3-rsync-again "$count" "${command[@]}" "$tree/" "$at/copy/" || return
    cold || return
    timed s3-rsync-out "$count" "${command[@]}" "$at/copy/" "$here/out/" || return
    close_side
}
