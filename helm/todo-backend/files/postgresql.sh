# Starts PostgreSQL, from the official image or from any with its programs. An empty volume becomes a server with a
# database and a role for each service; the roles' passwords are set at each start, so that changing a Secret and
# restarting this pod is how they are rotated.
set -eu
PATH="$PATH:$(echo /usr/lib/postgresql/*/bin)"
export PATH

fail() {
    echo "$*" >&2
    exit 1
}

part() { printf '%s' "$1" | sed -E "s#^postgres(ql)?://([^:]+):([^@]+)@[^/]+/([^?]+).*#\\$2#"; }

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    # Whole or not at all: what a start that was cut off left is no server.
    rm -rf "$PGDATA.new" "$PGDATA"
    initdb --pgdata="$PGDATA.new" --username=postgres --encoding=UTF8 --locale=C.UTF-8 \
        --auth-local=trust --auth-host=scram-sha-256
    echo 'host all all all scram-sha-256' >>"$PGDATA.new/pg_hba.conf"
    mv "$PGDATA.new" "$PGDATA"
fi
# Kubernetes opens a volume to its group each time it hands it to a pod, and PostgreSQL refuses what others can write.
chmod 0700 "$PGDATA"

# One statement a line, for a server that nobody can reach yet.
statements=''
for url in "$CHAT_DATABASE_URL" "$WORKER_DATABASE_URL"; do
    role=$(part "$url" 2) password=$(part "$url" 3) database=$(part "$url" 4)
    case $role$password$database in
    *[!A-Za-z0-9_-]*) fail "the database URLs of the Secrets must have plain letters and digits only" ;;
    esac
    statements="$statements
create role \"$role\" login
alter role \"$role\" password '$password'
create database \"$database\" owner \"$role\""
done
printf '%s\n' "$statements" | sed '/^$/d' | postgres --single -D "$PGDATA" postgres >/dev/null 2>/tmp/made ||
    fail "the roles and databases can't be made: $(cat /tmp/made)"
# What exists already is refused, which is as well.
grep -E 'ERROR|FATAL|PANIC' /tmp/made | grep -v 'already exists' >&2 || true

exec postgres -D "$PGDATA" -c listen_addresses='*' -c max_connections="$MAX_CONNECTIONS" \
    -c shared_buffers=64MB -c unix_socket_directories=/var/run/postgresql
