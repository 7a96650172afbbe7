# Sourced by scripts/bench --s3: the server that all sides share, what stands before it, and the sides. Each is opened at
# a fresh bucket, attached (mounted, with an empty cache), detached and closed; `at` is the directory in which the client
# then works, `keys` what the names of its objects begin with there.

# shellcheck shell=bash disable=SC2154  # set by scripts/bench

region=us-east-1
caches=0
next_port=$((20000 + RANDOM % 10000))

# free_port: a port of this machine at which nobody listens.
free_port() {
    while next_port=$((next_port + 1)); do
        (exec 3<>"/dev/tcp/127.0.0.1/$next_port") 2>/dev/null || return 0
    done
}

# SeaweedFS, and a proxy of ours before it, which counts and delays what the sides ask.
start_servers() {
    local part ports=() try
    # In the environment, as nobody else sees them; JuiceFS has names of its own. What there is for AWS is not for this.
    unset "${!AWS_@}"
    AWS_ACCESS_KEY_ID=persistfs-bench
    AWS_SECRET_ACCESS_KEY=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
    export ACCESS_KEY=$AWS_ACCESS_KEY_ID SECRET_KEY=$AWS_SECRET_ACCESS_KEY
    mkdir "$work/weed"
    (
        umask 077
        cat >"$work/weed/s3.json" <<TEXT
{"identities": [{"name": "bench", "actions": ["Admin", "Read", "List", "Tagging", "Write"],
    "credentials": [{"accessKey": "$AWS_ACCESS_KEY_ID", "secretKey": "$AWS_SECRET_ACCESS_KEY"}]}]}
TEXT
        cat >"$work/curl" <<TEXT
aws-sigv4 = "aws:amz:$region:s3"
user = "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY"
silent
show-error
fail
max-time = 60
header = "x-amz-content-sha256: UNSIGNED-PAYLOAD"
TEXT
    )
    for part in master volume filer s3; do
        free_port
        ports+=("-$part.port=$next_port")
        [ "$part" != s3 ] || direct=http://127.0.0.1:$next_port
        free_port
        ports+=("-$part.port.grpc=$next_port")
        elsewhere+=("/tmp/seaweedfs-$part-grpc-$next_port.sock")
    done
    env -i PATH=/usr/bin:/bin HOME="$work/weed" TMPDIR="$work/weed" "$weed" server -dir="$work/weed" \
        -ip=127.0.0.1 -ip.bind=127.0.0.1 "${ports[@]}" -filer -filer.localSocket="$work/weed/filer.sock" \
        -s3 -s3.localSocket="$work/weed/s3.sock" -s3.config="$work/weed/s3.json" -s3.port.iceberg=0 -s3.port.lance=0 \
        -master.volumeSizeLimitMB=1024 -volume.max=0 -master.telemetry=false >"$work/weed/log" 2>&1 </dev/null &
    servers+=("$!")
    for try in {1..300}; do
        make_bucket first 2>/dev/null && break
        if [ "$try" = 300 ] || ! kill -0 "${servers[0]}" 2>/dev/null; then
            echo "$0: SeaweedFS does not start: $(tail -n 3 "$work/weed/log")" >&2
            return 1
        fi
        sleep 0.2
    done
    coproc PROXY { exec "$bench" proxy "$direct" 2>"$work/proxy.log"; }
    servers+=("$PROXY_PID")
    read -r proxied <&"${PROXY[0]}" || return
    # `far` is what this script itself looks through: neither counted nor delayed.
    export RCLONE_CONFIG=
    local name
    for name in FAR BENCH; do
        export "RCLONE_CONFIG_${name}_TYPE=s3" "RCLONE_CONFIG_${name}_PROVIDER=Other" \
            "RCLONE_CONFIG_${name}_ENV_AUTH=true" "RCLONE_CONFIG_${name}_REGION=$region"
    done
    export RCLONE_CONFIG_FAR_ENDPOINT=$direct RCLONE_CONFIG_BENCH_ENDPOINT=$proxied
}

# ask WORD...: tells the proxy; what it says is in `answer`.
ask() {
    echo "$*" >&"${PROXY[1]}" && read -r answer <&"${PROXY[0]}"
}

# The first object of a bucket makes the server lay out volumes: before anything is measured.
make_bucket() {
    curl -K "$work/curl" -X PUT "$direct/$1" && curl -K "$work/curl" -X PUT -d first "$direct/$1/first" &&
        curl -K "$work/curl" -X DELETE "$direct/$1/first"
}

# open_side SIDE [kept]: a fresh bucket for this side, and the side attached to it. Kept: the one that this side has had
# before under that name, if any; `is_new` says which.
open_side() {
    side=$1
    sessions=$((sessions + 1))
    bucket=bench-$sessions
    [ -z "${2:-}" ] || bucket=$2-$side
    here=$work/$bucket
    is_new=
    if [ ! -d "$here" ]; then
        is_new=yes
        mkdir "$here" "$here/mount"
        make_bucket "$bucket" 2>"$log" || return
        case $side in
            juicefs | writeback)
                "$juicefs" format -q --storage s3 --bucket "$direct/$bucket" --trash-days 0 \
                    "sqlite3://$here/juicefs.db" bench >"$log" 2>&1 || return
                ;;
        esac
    fi
    at=$here/mount
    keys=
    case $side in
        persistfs)
            at=$here/mount/blobs
            keys=blobs/
            ;;
        juicefs | writeback) keys=bench/chunks/ ;;
    esac
    attach
}

attach() {
    local options=()
    daemon=
    caches=$((caches + 1))
    case $side in
        rclone)
            rclone mount "bench:$bucket" "$here/mount" --vfs-cache-mode full --cache-dir "$here/cache-$caches" \
                >"$log" 2>&1 </dev/null &
            ;;
        s3fs)
            mkdir "$here/cache-$caches"
            s3fs "$bucket" "$here/mount" -f -o "url=$proxied,use_path_request_style,use_cache=$here/cache-$caches" \
                >"$log" 2>&1 </dev/null &
            ;;
        juicefs | writeback)
            [ "$side" = juicefs ] || options=(--writeback)
            "$juicefs" mount -f --no-usage-report --no-syslog --cache-dir "$here/cache-$caches" \
                --bucket "$proxied/$bucket" "${options[@]}" "sqlite3://$here/juicefs.db" "$here/mount" \
                >"$log" 2>&1 </dev/null &
            ;;
        persistfs)
            timeout -k 5 60 "$persistfs" mount -o "cache_dir=$here/cache-$caches" \
                "s3://$bucket?endpoint=$proxied&region=$region" "$here/mount" >"$log" 2>&1 </dev/null
            return
            ;;
    esac
    daemon=$!
    until_mounted
}

detach() {
    is_mounted || return 0
    case $side in
        persistfs) timeout -k 5 700 "$persistfs" umount --timeout 600 "$here/mount" >"$log" 2>&1 ;;
        *) detach_child || return ;;
    esac
    rm -rf "$here/cache-"*
}

# With its bucket, unless that is kept.
close_side() {
    detach || return
    case $bucket in
        bench-*)
            curl -K "$work/curl" -X DELETE "$direct/$bucket" 2>"$log" || return
            rm -rf "$here"
            ;;
    esac
}

# Mounts it again, with an empty cache, and empties those of the kernel, which are also the server's.
cold() {
    detach || return
    sync
    drop_caches 3
    attach
}
