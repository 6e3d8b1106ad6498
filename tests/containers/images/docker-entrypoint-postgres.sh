#!/bin/sh
# As the official image: the first start makes the database; root gives the data to user postgres and becomes it.
set -eu

if [ "${1#-}" != "$1" ]; then
    set -- postgres "$@"
fi
if [ "$1" != postgres ]; then
    exec "$@"
fi

if [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA"
    chown -R postgres:postgres "$PGDATA"
    exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    mkdir -p "$PGDATA"
    chmod 700 "$PGDATA"
    user=${POSTGRES_USER:-postgres}
    database=${POSTGRES_DB:-$user}
    if [ -n "${POSTGRES_PASSWORD_FILE:-}" ]; then
        POSTGRES_PASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")
    fi
    password_file=$(mktemp)
    printf '%s\n' "${POSTGRES_PASSWORD:?Say POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE}" >"$password_file"
    # shellcheck disable=SC2086 - a list of arguments
    initdb --pgdata="$PGDATA" --username="$user" --pwfile="$password_file" ${POSTGRES_INITDB_ARGS:-}
    rm "$password_file"
    echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
    echo "listen_addresses = '*'" >>"$PGDATA/postgresql.conf"
    # On its socket alone, as the official image does while it makes the database.
    pg_ctl --pgdata="$PGDATA" --wait --options="-c listen_addresses='' -p 5432" start
    if [ "$database" != postgres ]; then
        echo "create database \"$database\"" | psql --username="$user" --dbname=postgres --quiet -v ON_ERROR_STOP=1
    fi
    for script in /docker-entrypoint-initdb.d/*.sh; do
        if [ -e "$script" ]; then
            # shellcheck disable=SC1090 - given by who starts it
            . "$script"
        fi
    done
    pg_ctl --pgdata="$PGDATA" --wait --mode=fast stop
fi

exec "$@"
