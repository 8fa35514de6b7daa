#!/usr/bin/env bash
# Builds a service's binary the way that its image has it, and prints its path. The Dockerfiles and
# tools/images.sh build by this, so that no two images are built in two ways. chat-api's has the web page, which is
# built first, or where its sources are not (as in Dockerfile.api, whose other stage builds it) lies in web/dist.
#   tools/build-binary.sh NAME [release|dev]
set -euo pipefail
cd "$(dirname "$0")/.."
name=${1:?name a service} profile=${2:-release}
folder=$profile
[ "$profile" = dev ] && folder=debug

if [ "$name" = chat-api ]; then
    [ ! -f web/package.json ] || tools/web.sh build >&2
    [ -f web/dist/index.html ] || {
        echo "build-binary: there is no web/dist, and chat-api's image has the page" >&2
        exit 1
    }
fi

# Queries are checked against crates/*/.sqlx: no database is near where images are built.
export SQLX_OFFLINE=true
if [ "$profile" = dev ]; then
    # As `make build` has built it: a package by itself has other features of what it depends on, and so another build.
    cargo build --quiet --locked --workspace --all-targets >&2
else
    cargo build --profile "$profile" --locked --package "$name" --bin "$name" >&2
fi
echo "${CARGO_TARGET_DIR:-target}/$folder/$name"
