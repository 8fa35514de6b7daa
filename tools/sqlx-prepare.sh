#!/usr/bin/env bash
# The data by which sqlx checks queries without a database: crates/*/.sqlx.
#   tools/sqlx-prepare.sh write   writes it anew
#   tools/sqlx-prepare.sh check   says what is not current, and fails
# Needs TEST_DATABASE_URL, an admin's URL of a PostgreSQL server (`make` starts one and sets it).
set -euo pipefail
cd "$(dirname "$0")/.."
mode=${1:?write or check}
admin=${TEST_DATABASE_URL:?names no PostgreSQL server}
crates="messaging:MESSAGING chat-api:CHAT reminder-worker:WORKER local:BUS"
# A crate that another one needs is checked offline, or its data would come out with that one's.
unset CHAT_DATABASE_URL WORKER_DATABASE_URL BUS_DATABASE_URL MESSAGING_DATABASE_URL
scratch=$(mktemp -d)
databases=()
cleanup() {
    for database in "${databases[@]}"; do psql -qX "$admin" -c "drop database if exists $database with (force)" || true; done
    rm -rf "$scratch"
}
trap cleanup EXIT

stale=0
for entry in $crates; do
    crate=${entry%%:*} variable=${entry##*:}_DATABASE_URL
    database=prepare_${crate//-/_}_$$
    psql -qX "$admin" -c "create database $database"
    databases+=("$database")
    url=$(sed -E "s#(/)[^/?]*(\?.*)?\$#\1$database\2#" <<<"$admin")
    psql -qX -v ON_ERROR_STOP=1 "$url" -c 'create schema messaging' >"$scratch/log"
    for migration in crates/messaging/migrations/*.sql $([ "$crate" = messaging ] || ls crates/"$crate"/migrations/*.sql); do
        psql -qX -v ON_ERROR_STOP=1 "$url" -f "$migration" >>"$scratch/log"
    done
    mkdir "$scratch/$crate"
    # The macros run only where the crate is compiled.
    touch "crates/$crate/src/lib.rs"
    env "$variable=$url" SQLX_OFFLINE_DIR="$scratch/$crate" cargo check --quiet --package "$crate" --all-targets
    if [ "$mode" = write ]; then
        rm -rf "crates/$crate/.sqlx"
        mv "$scratch/$crate" "crates/$crate/.sqlx"
    elif ! diff -rq "$scratch/$crate" "crates/$crate/.sqlx"; then
        stale=1
    fi
done
[ "$stale" = 0 ] || { echo "crates/*/.sqlx is not current: run \`make sqlx\`" >&2; exit 1; }
