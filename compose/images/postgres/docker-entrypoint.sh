#!/bin/bash
# What the official image's entrypoint promises: an empty PGDATA gets the user, password and database of the environment
# and every file of /docker-entrypoint-initdb.d, on a server that listens on its socket only; then the real one starts.
set -euo pipefail

main() {
  [ "${1:0:1}" = "-" ] && set -- postgres "$@"
  if [ "$1" = postgres ]; then
    if [ "$(id -u)" = 0 ]; then
      mkdir -p "$PGDATA"
      find "$PGDATA" /var/run/postgresql ! -user postgres -exec chown postgres {} +
      exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
    fi
    from_file POSTGRES_PASSWORD && from_file POSTGRES_USER && from_file POSTGRES_DB && from_file POSTGRES_INITDB_ARGS
    [ -s "$PGDATA/PG_VERSION" ] || first_start "$@"
    unset POSTGRES_PASSWORD PGPASSWORD
  fi
  exec "$@"
}

# NAME_FILE in place of NAME, as Docker's secrets want it.
from_file() {
  local file="$1_FILE"
  if [ -n "${!file:-}" ]; then
    [ -z "${!1:-}" ] || fail "both $1 and $file are set"
    export "$1"="$(< "${!file}")"
    unset "$file"
  fi
}

fail() {
  echo "postgres: $1" >&2
  exit 1
}

# Until it is over a marker stands in PGDATA, so that a first start that was killed half way is made again, not served.
first_start() {
  local method="${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}"
  export POSTGRES_USER="${POSTGRES_USER:-postgres}"
  export POSTGRES_DB="${POSTGRES_DB:-$POSTGRES_USER}"
  if [ -z "${POSTGRES_PASSWORD:-}" ] && [ "$method" != trust ]; then
    fail "the database is empty and POSTGRES_PASSWORD is not set; set it, or POSTGRES_HOST_AUTH_METHOD=trust to let everybody in"
  fi
  mkdir -p "$PGDATA"
  chmod 700 "$PGDATA"
  if [ -e "$PGDATA/.first-start" ]; then
    find "$PGDATA" -mindepth 1 ! -name .first-start -delete
  elif [ -n "$(ls -A "$PGDATA")" ]; then
    fail "$PGDATA is not empty and holds no database; give it an empty directory"
  fi
  touch "$PGDATA/.first-start"
  # Its own dotless copy of what initdb makes; with arguments of the user's, initdb itself (it wants an empty directory).
  if [ -n "${POSTGRES_INITDB_ARGS:-}" ]; then
    rm "$PGDATA/.first-start"
    eval "initdb --pgdata=\"\$PGDATA\" --username=postgres --auth=trust $POSTGRES_INITDB_ARGS"
    touch "$PGDATA/.first-start"
    tail -n 3 /usr/share/postgresql-initdb/postgresql.conf >> "$PGDATA/postgresql.conf"
  else
    cp -a /usr/share/postgresql-initdb/. "$PGDATA"
  fi
  printf '\nhost all all all %s\n' "$method" >> "$PGDATA/pg_hba.conf"

  local options=" -c listen_addresses=''"
  [ $# = 1 ] || options="$(printf '%q ' "${@:2}")$options"
  pg_ctl --pgdata="$PGDATA" --wait --silent start -o "$options"
  roles
  [ "$POSTGRES_DB" = postgres ] || sql postgres -v name="$POSTGRES_DB" <<< 'CREATE DATABASE :"name";'
  local file
  for file in /docker-entrypoint-initdb.d/*; do
    case "$file" in
      *.sql) echo "running $file" && sql "$POSTGRES_DB" -f "$file" ;;
      *.sql.gz) echo "running $file" && gunzip -c "$file" | sql "$POSTGRES_DB" ;;
      *.sh) echo "running $file" && if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
      *) [ ! -e "$file" ] || echo "ignoring $file" ;;
    esac
  done
  pg_ctl --pgdata="$PGDATA" --wait --silent --mode=fast stop
  rm "$PGDATA/.first-start"
}

# The superuser made at build time is called postgres. It gets the name that is asked for, and nobody can rename himself.
roles() {
  if [ "$POSTGRES_USER" != postgres ]; then
    PGUSER=postgres sql postgres <<< 'CREATE ROLE regionctl_first_start SUPERUSER LOGIN;'
    PGUSER=regionctl_first_start sql postgres -v name="$POSTGRES_USER" <<< 'ALTER ROLE postgres RENAME TO :"name";'
    sql postgres <<< 'DROP ROLE regionctl_first_start;'
  fi
  [ -z "${POSTGRES_PASSWORD:-}" ] ||
    sql postgres -v name="$POSTGRES_USER" -v password="$POSTGRES_PASSWORD" <<< "ALTER ROLE :\"name\" PASSWORD :'password';"
}

# Statements of a database, as its superuser, over the socket. The first that fails ends the container.
sql() {
  local database="$1"
  shift
  psql -X -v ON_ERROR_STOP=1 --no-password --quiet --username="${PGUSER:-$POSTGRES_USER}" --dbname="$database" "$@"
}

main "$@"
