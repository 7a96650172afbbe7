# Sourced by the other scripts: installs Debian packages that are missing, and finds Swift.

# need PACKAGE TEST...: notes PACKAGE as missing where the command TEST fails.
missing=()
need() {
    local package=$1
    shift
    "$@" >/dev/null 2>&1 </dev/null || missing+=("$package")
}

has() { command -v "$1"; }

# Installs what `need` noted; as root, or by sudo.
install_missing() {
    [ ${#missing[@]} -gt 0 ] || return 0
    local root=()
    if ! has apt-get >/dev/null; then
        echo "$0: these are missing, and there is no apt-get: ${missing[*]}" >&2
        echo "  Install what they are called here, and run this again." >&2
        return 1
    fi
    if [ "$(id -u)" != 0 ]; then
        if ! has sudo >/dev/null; then
            echo "$0: these packages are missing: ${missing[*]}" >&2
            echo "  As root: apt-get install ${missing[*]}" >&2
            return 1
        fi
        root=(sudo)
    fi
    echo "Installing ${missing[*]} ..." >&2
    "${root[@]}" apt-get -qq update >&2 </dev/null || return 1
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install "${missing[@]}" \
        >&2 </dev/null
}

# What building needs.
need_for_building() {
    need pkg-config has pkg-config
    need libfuse3-dev pkg-config --exists fuse3
    need libsqlite3-dev pkg-config --exists sqlite3
    need libcurl4-openssl-dev pkg-config --exists libcurl
    need libssl-dev pkg-config --exists libcrypto
    need fuse3 has fusermount3
    need git has git
    need ca-certificates test -e /etc/ssl/certs/ca-certificates.crt
}

# Puts swift into PATH, or says how to get it.
find_swift() {
    local place
    for place in ${SWIFT_PLACES-"${HOME:-/root}/.local/share/swiftly/bin" /opt/swift/usr/bin /usr/libexec/swift/bin}; do
        has swift >/dev/null && break
        [ -x "$place/swift" ] && PATH="$PATH:$place"
    done
    if ! has swift >/dev/null; then
        cat >&2 <<'TEXT'
There is no Swift here; persistfs needs Swift 6.2 or later to build.
On Debian 12, as yourself:

  sudo apt-get install curl gpg binutils gcc libc6-dev libstdc++-12-dev
  curl -O https://download.swift.org/swiftly/linux/swiftly-$(uname -m).tar.gz
  tar zxf swiftly-$(uname -m).tar.gz
  ./swiftly init

Then open a new shell and run this again. Other ways: https://swift.org/install
TEXT
        return 1
    fi
    local version
    version=$(swift --version 2>/dev/null </dev/null | sed -n 's/.*Swift version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p')
    # shellcheck disable=SC2086
    set -- $version
    if [ "${1:-0}" -lt 6 ] || { [ "$1" = 6 ] && [ "$2" -lt 2 ]; }; then
        echo "$0: this Swift is ${1:-?}.${2:-?}; persistfs needs 6.2 or later: https://swift.org/install" >&2
        return 1
    fi
}
