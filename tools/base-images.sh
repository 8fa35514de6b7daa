#!/usr/bin/env bash
# Runs the Dockerfiles where no image can be fetched: makes images like those that they begin with, of Debian's
# packages and this machine's Rust and Node, once, and builds on them with buildah. Needs root, buildah, mmdebstrap
# and an npm that brings what it needs, 4 GB below CACHE, and Debian's package archive.
#   tools/base-images.sh build [ARGUMENT OF buildah build...]
#   tools/base-images.sh push IMAGE DESTINATION
#   tools/base-images.sh clean     throws away the images and all that was cached by builds
set -euo pipefail
cd "$(dirname "$0")/.."
cache=${CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/todo-local}/images
# Both Dockerfiles name the same; the page is one's alone.
build_image=$(sed -n 's/^ARG BUILD_IMAGE=//p' Dockerfile.api)
runtime_image=$(sed -n 's/^ARG RUNTIME_IMAGE=//p' Dockerfile.api)
node_image=$(sed -n 's/^ARG NODE_IMAGE=//p' Dockerfile.api)
local_build_image=localhost/${build_image##*/}
local_runtime_image=localhost/${runtime_image##*/}
local_node_image=localhost/${node_image##*/}
debian=${build_image##*-}

for program in buildah mmdebstrap; do
    command -v "$program" >/dev/null || {
        echo "base-images: $program is not there (Debian: apt-get install buildah mmdebstrap)" >&2
        exit 1
    }
done
mkdir -p "$cache/tmp"
work=$(mktemp -d "$cache/new.XXXXXX")
trap 'rm -rf "$work"' EXIT
# Only what is made here is ever used; nothing is fetched.
echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$work/policy.json"

# The host's kernel and network, and no daemon: this runs in a container, too.
run_buildah() { # COMMAND ARGUMENT...
    TMPDIR=$cache/tmp BUILDAH_ISOLATION=chroot buildah --root "$cache/storage" --runroot "$cache/run" \
        --storage-driver "${STORAGE_DRIVER:-overlay}" "$@"
}

exists() { run_buildah inspect --type image "$1" >/dev/null 2>&1; }

commit() { # CONTAINER IMAGE
    run_buildah commit --quiet --signature-policy "$work/policy.json" --rm "$1" "$2" >/dev/null
}

# As docker.io/library/rust: Debian with a C compiler, and Rust below /usr/local.
fill_build_image() { # ROOT
    mmdebstrap --quiet --variant=essential --include=gcc,libc6-dev,ca-certificates,media-types,netbase,tzdata,libssl3,libstdc++6 \
        "$debian" "$1"
    tar --create --directory "$(rustc --print sysroot)" --exclude ./share --exclude ./lib/rustlib/src . |
        tar --extract --directory "$1/usr/local"
}

# As gcr.io/distroless/cc: files of the same packages and nothing of what would set them up. ROOT is the build image's.
fill_runtime_image() { # ROOT RUNTIME
    local packages=(base-files libc6 libgcc-s1 libgomp1 libssl3 libstdc++6 media-types netbase tzdata) file
    dpkg-query --root "$1" --listfiles "${packages[@]}" | sort -u | while read -r file; do
        case $file in
        /usr/share/doc/* | /usr/share/man/* | /usr/share/lintian/* | /usr/sbin/*) ;;
        /?*) [ -d "$1$file" ] || echo "${file#/}" ;;
        esac
    done | tar --create --directory "$1" --files-from - | tar --extract --directory "$2"
    mkdir -p "$2"/{etc/ssl/certs,home/nonroot,tmp}
    chmod 1777 "$2/tmp"
    cp "$1/etc/ssl/certs/ca-certificates.crt" "$2/etc/ssl/certs/"
    echo 'hosts: files dns' >"$2/etc/nsswitch.conf"
    printf '%s\n' root:x:0:0:root:/root:/sbin/nologin nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin \
        nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin >"$2/etc/passwd"
    printf '%s\n' root:x:0: nobody:x:65534: nonroot:x:65532: >"$2/etc/group"
}

# As docker.io/library/node, and more than it: the build image with this machine's Node.
make_node_image() {
    local node root npm
    echo "making $local_node_image, once" >&2
    node=$(run_buildah from --pull-never "$local_build_image")
    root=$(run_buildah mount "$node")
    npm=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")
    mkdir -p "$root/usr/local/lib/node_modules"
    cp "$(node -p process.execPath)" "$root/usr/local/bin/node"
    cp --recursive "$npm" "$root/usr/local/lib/node_modules/npm"
    ln --symbolic ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
    # The registry of packages, as that of crates.
    run_buildah config --env NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt "$node"
    commit "$node" "$local_node_image"
}

make_images() {
    local build runtime root
    echo "making $local_build_image and $local_runtime_image, once" >&2
    build=$(run_buildah from scratch)
    runtime=$(run_buildah from scratch)
    root=$(run_buildah mount "$build")
    fill_build_image "$root"
    fill_runtime_image "$root" "$(run_buildah mount "$runtime")"
    # The registry of crates may be known by an authority of this machine's own.
    cp --dereference /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
    run_buildah config --env CARGO_HOME=/usr/local/cargo --env PATH=/usr/local/bin:/usr/bin:/bin "$build"
    run_buildah config --user 65532 --workingdir /home/nonroot --env PATH=/usr/local/bin:/usr/bin:/bin \
        --env SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt "$runtime"
    commit "$build" "$local_build_image"
    commit "$runtime" "$local_runtime_image"
}

case ${1:-} in
build)
    if ! exists "$local_build_image" || ! exists "$local_runtime_image"; then make_images; fi
    exists "$local_node_image" || make_node_image
    run_buildah build --signature-policy "$work/policy.json" --pull-never --format docker \
        --build-arg "BUILD_IMAGE=$local_build_image" --build-arg "RUNTIME_IMAGE=$local_runtime_image" \
        --build-arg "NODE_IMAGE=$local_node_image" "${@:2}"
    ;;
push)
    run_buildah push --quiet --signature-policy "$work/policy.json" "localhost/${2:?}" "${3:?}"
    ;;
clean)
    run_buildah rm --all
    run_buildah rmi --all --force
    rm -rf "$cache"
    ;;
*)
    echo "base-images: build, push or clean" >&2
    exit 1
    ;;
esac
