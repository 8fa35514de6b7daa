#!/usr/bin/env bash
# Builds the container images without Docker, into target/images/NAME.tar: archives that `docker load`,
# `podman load` and `ctr images import` take. None is written that fails the checks below.
#
#   tools/images.sh [--profile release|dev]    both services: this machine's cargo and C library, and what the
#                                              last stages of the Dockerfiles say; seconds where nothing changed
#   tools/images.sh --binary FILE --name NAME  any other program, such as a test's, as an image
#   tools/images.sh --dockerfile               both services by the Dockerfiles themselves, as root: buildah runs
#                                              them on base images that tools/base-images.sh makes; many minutes
#   --tag TAG                                  tag and version of the images; if left out, the workspace's version
#
# A dev image is as large as it is, and its binary runs on this machine's C library or a newer one.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${CARGO_TARGET_DIR:-target}/images
user=65532:65532
# Uncompressed, with the C library; a megabyte is a million bytes.
size_limit_megabytes=60
declare -A dockerfiles=([chat-api]=Dockerfile.api [reminder-worker]=Dockerfile.worker)

fail() {
    echo "images: $*" >&2
    exit 1
}

version=$(sed -n '/^\[workspace\.package\]/,/^\[/s/^version = "\(.*\)"$/\1/p' Cargo.toml)
rust=$(sed -n 's/^channel = "\(.*\)"$/\1/p' rust-toolchain.toml)
profile=release tag=$version binary='' name='' by_dockerfile=''
while [ $# -gt 0 ]; do
    case $1 in
    --dockerfile) by_dockerfile=yes ;;
    --profile | --tag | --binary | --name)
        [ $# -gt 1 ] || fail "$1 what?"
        printf -v "${1#--}" %s "$2"
        shift
        ;;
    *) fail "$1 is no option; the head of tools/images.sh has them" ;;
    esac
    shift
done
case $profile in release | dev) ;; *) fail "a profile is release or dev" ;; esac
case ${binary:+b}${name:+n} in '' | bn) ;; *) fail "--binary and --name go together" ;; esac
[ -z "$by_dockerfile" ] || [ "$profile$binary" = release ] || fail "the Dockerfiles build both services, as releases"

revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
# Where the sources are, if others can read it there too; without the password of whoever cloned it.
source=$({ git remote get-url origin 2>/dev/null || true; } | sed -nE 's#^https://([^/@]*@)?#https://#p')
source=${source:-unknown}

mkdir -p "$out"
work=$(mktemp -d "$out/new.XXXXXX")
trap 'rm -rf "$work"' EXIT

# What two files say is the same in both.
for file in "${dockerfiles[@]}"; do
    grep -qx "ARG BUILD_IMAGE=docker.io/library/rust:$rust-bookworm" "$file" ||
        fail "$file builds with another Rust than rust-toolchain.toml, $rust"
    grep -qx "ARG VERSION=$version" "$file" || fail "$file has another version than Cargo.toml, $version"
done

# The words of an instruction in a service's Dockerfile, a line for each time it is there.
said() { # NAME INSTRUCTION
    [ -z "${dockerfiles[$1]:-}" ] || sed -n "s/^$2 //p" "${dockerfiles[$1]}"
}

# NAME=VALUE, a line for each.
labels() { # NAME
    if [ -n "${dockerfiles[$1]:-}" ]; then
        said "$1" LABEL | tr -d '"'
    else
        # shellcheck disable=SC2016 # filled in below
        printf 'org.opencontainers.image.%s\n' "title=$1" 'version=${VERSION}' 'revision=${REVISION}'
    fi | sed "s|\${VERSION}|$tag|;s|\${REVISION}|$revision|;s|\${SOURCE}|$source|"
}

# NAME=VALUE lines as an object of strings.
object() { sed -E 's/^([^=]*)=(.*)$/"\1":"\2"/' | paste -sd , | sed 's/.*/{&}/'; }

architecture() {
    case $(uname -m) in
    x86_64) echo amd64 ;;
    aarch64 | arm64) echo arm64 ;;
    *) fail "no image for $(uname -m)" ;;
    esac
}

# What distroless/cc has and a service uses: libraries, certificates, names of users.
root_filesystem() { # FOLDER NAME BINARY
    local root=$1 library
    mkdir -p "$root"/{etc/ssl/certs,home/nonroot,tmp}
    # A release is stripped by cargo.
    strip -o "$root/$2" "$3"
    chmod 0555 "$root/$2"
    ldd "$3" >"$work/libraries" || fail "$3 is not linked dynamically"
    ! grep 'not found' "$work/libraries" >&2 || fail "this machine lacks libraries of $3"
    # Each one where the loader looks for it.
    grep -oE '/[^ ]+' "$work/libraries" | while read -r library; do
        install -D -m 0755 "$(readlink -f "$library")" "$root$library"
    done
    install -m 0644 "$(readlink -f /etc/ssl/certs/ca-certificates.crt)" "$root/etc/ssl/certs/ca-certificates.crt"
    echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
    printf '%s\n' root:x:0:0:root:/root:/sbin/nologin nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin \
        nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin >"$root/etc/passwd"
    printf '%s\n' root:x:0: nobody:x:65534: nonroot:x:65532: >"$root/etc/group"
    chmod 1777 "$root/tmp"
}

# The same files give the same bytes: nothing tells when or by whom it was made.
pack() { # FOLDER ARCHIVE FILE...
    tar --create --file "$2" --directory "$1" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner "${@:3}"
}

assemble() { # NAME BINARY ARCHIVE
    local image=$work/image-$1 environment ports
    mkdir "$image"
    root_filesystem "$image/root" "$1" "$2"
    pack "$image/root" "$image/layer.tar" .
    environment=$(printf '%s\n' PATH=/ SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt "$(said "$1" ENV)" |
        sed '/./!d;s/.*/"&"/' | paste -sd ,)
    ports=$(said "$1" EXPOSE | tr ' ' '\n' | sed 's|.*|"&/tcp":{}|' | paste -sd ,)
    cat >"$image/config.json" <<JSON
{"architecture":"$(architecture)","os":"linux","created":"1970-01-01T00:00:00Z",
"config":{"User":"$user","WorkingDir":"/","Entrypoint":["/$1"],"Env":[$environment],
"ExposedPorts":{$ports},"Labels":$(labels "$1" | object)},
"rootfs":{"type":"layers","diff_ids":["sha256:$(sha256sum <"$image/layer.tar" | cut -d ' ' -f 1)"]},
"history":[{"created":"1970-01-01T00:00:00Z","created_by":"tools/images.sh"}]}
JSON
    echo "[{\"Config\":\"config.json\",\"RepoTags\":[\"$1:$tag\"],\"Layers\":[\"layer.tar\"]}]" >"$image/manifest.json"
    pack "$image" "$3" manifest.json config.json layer.tar
}

# What is true of every image, however it was made.
check() { # NAME ARCHIVE
    local name=$1 seen=$work/seen-$1 root=$work/seen-$1/root config layer label programs bytes=0 compressed=0
    mkdir -p "$root"
    tar --extract --file "$2" --directory "$seen"
    config=$seen/$(grep -oE '"Config":"[^"]+"' "$seen/manifest.json" | cut -d '"' -f 4)
    while read -r layer; do
        bytes=$((bytes + $(stat --dereference --format %s "$seen/$layer")))
        compressed=$((compressed + $(gzip --no-name <"$seen/$layer" | wc -c)))
        tar --extract --file "$seen/$layer" --directory "$root" --no-same-owner
    done < <(grep -oE '"Layers":\[[^]]*' "$seen/manifest.json" | grep -oE '[^"]+\.tar')
    [ "$bytes" -gt 0 ] || fail "$name has no layer"

    grep -qF "\"User\":\"$user\"" "$config" || fail "$name does not run as $user"
    grep -qF "\"Entrypoint\":[\"/$name\"]" "$config" || fail "$name does not start /$name"
    while read -r label; do
        grep -qF "\"${label/=/\":\"}\"" "$config" || fail "$name has no label $label"
    done < <(labels "$name")
    [ -s "$root/etc/ssl/certs/ca-certificates.crt" ] || fail "$name has no certificates"
    # No shell, nor anything else that could run: a script is harmless where its interpreter is not.
    programs=$(cd "$root" && find . -type f ! -name '*.so*' ! -path "./$name" -perm /111 -exec env LC_ALL=C grep -lP '^\x7fELF' {} +) || true
    [ -z "$programs" ] || fail "$name has more programs than its own:"$'\n'"$programs"
    [ -z "$(find "$root" ! -type d -perm /6000)" ] || fail "$name has a file that makes its user another one"
    if [ -n "${dockerfiles[$name]:-}" ]; then
        starts "$name" "$root"
        [ "$profile" = dev ] || [ "$bytes" -lt $((size_limit_megabytes * 1000000)) ] ||
            fail "$name has $bytes bytes: more than $size_limit_megabytes MB"
    fi
    awk -v image="$name:$tag" -v bytes="$bytes" -v compressed="$compressed" \
        'BEGIN { printf "%s: %.1f MB, compressed %.1f MB\n", image, bytes / 1e6, compressed / 1e6 }' >&2
}

# With nothing but the image around it, and no rights.
starts() { # NAME ROOT
    local in_image=(chroot --userspec="$user" --groups= "$2") answer
    if [ "$(id -u)" != 0 ]; then
        in_image=(unshare --user --map-root-user chroot "$2")
        unshare --user --map-root-user true 2>/dev/null || {
            echo "images: $1 was not started: that takes root, or user namespaces" >&2
            return
        }
    fi
    answer=$("${in_image[@]}" "/$1" --version) || fail "$1 does not start in its image"
    [ "$answer" = "$1 $version" ] || fail "$1 calls itself $answer"
}

publish() { # NAME
    check "$1" "$work/$1.tar"
    mv "$work/$1.tar" "$out/$1.tar"
    echo "$out/$1.tar"
}

if [ -n "$binary" ]; then
    assemble "$name" "$binary" "$work/$name.tar"
    publish "$name"
    exit
fi
for name in chat-api reminder-worker; do
    if [ -n "$by_dockerfile" ]; then
        tools/base-images.sh build --file "${dockerfiles[$name]}" --build-arg "VERSION=$tag" \
            --build-arg "REVISION=$revision" --build-arg "SOURCE=$source" --tag "$name:$tag" . >&2
        tools/base-images.sh push "$name:$tag" "docker-archive:$work/$name.tar:$name:$tag" >&2
    else
        assemble "$name" "$(tools/build-binary.sh "$name" "$profile")" "$work/$name.tar"
    fi
    publish "$name"
done
