"""How the managed store starts: one POSIX shell script and PostgreSQL's settings.

Of PostgreSQL's programs it needs `initdb` and `postgres` alone, and `flock` (util-linux or BusyBox), so the public pgvector image serves as
well as any other. The superuser can come in by no way: there is no socket, pg_hba.conf knows one user, and what only a superuser may do is
done in single-user mode before the server listens. Neighbour: store_stateful_set.py, which gives it its paths.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from assistant_operator.naming import STORE_PORT, STORE_ROLE

QUIET: Final[Mapping[str, str]] = {
    "log_destination": "stderr",
    "logging_collector": "off",
    # Errors and warnings are below `log`: they quote values, and the gateway, which gets them, says what is to be said.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    # Without DETAIL: it names the statement that a process which crashed was at.
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_duration": "off",
    "log_min_duration_statement": "-1",
    "log_min_duration_sample": "-1",
    "log_transaction_sample_rate": "0",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_autovacuum_min_duration": "-1",
    "log_checkpoints": "off",
    "log_temp_files": "-1",
    "track_activities": "off",
}
"""Settings by which nothing that stands in a statement reaches the log, whatever fails."""

SETTINGS: Final[Mapping[str, str]] = {
    **QUIET,
    "listen_addresses": "*",
    "port": str(STORE_PORT),
    "unix_socket_directories": "",
    "ssl": "on",
    "ssl_min_protocol_version": "TLSv1.2",
    "password_encryption": "scram-sha-256",
    "max_connections": "200",
    "work_mem": "16MB",
    "jit": "off",
    "random_page_cost": "1.1",
    # One server, no copies: the least is written to the log of changes, and what is done with goes from the disk.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "wal_recycle": "off",
    "min_wal_size": "32MB",
    "max_wal_size": "256MB",
    "tcp_keepalives_idle": "60",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}

RIGHTS: Final = (
    f"GRANT EXECUTE ON FUNCTION pg_switch_wal() TO {STORE_ROLE}",
    f"GRANT pg_checkpoint, pg_read_all_stats TO {STORE_ROLE}",
)
"""What the role may do beside what its own database gives it: leave the log of changes behind that holds what was erased, and see who can
still see it."""


def _flags(settings: Mapping[str, str]) -> str:
    return " ".join(f"-c {name}='{value}'" for name, value in settings.items())


def _quoted(words: Sequence[str]) -> str:
    return " ".join(f"'{word}'" for word in words)


SCRIPT: Final = f"""\
set -eu
umask 077
data=$STORE_DATA/data
new=$data.new
known=$STORE_DATA/password.sha256
granted=$STORE_DATA/granted.1
again=$STORE_RUN/again
lock=$STORE_DATA/in-use

fail() {{
  echo "store: $1" >&2
  exit 1
}}

# Two servers on one volume would destroy the databases: a pod that was deleted by force runs on for as long as its node does not hear of
# it. Every process here inherits the lock, and the kernel frees it with the last of them. A file system without locks is served without.
claim() {{
  exec 9>>"$lock"
  for _ in 1 2 3 4 5; do
    taken=0
    flock -n 9 || taken=$?
    [ "$taken" -eq 1 ] || break
    sleep 1
  done
  case $taken in
    0) ;;
    1) fail "another server uses this volume" ;;
    *) echo "store: the volume cannot be locked" >&2 ;;
  esac
}}

# Runs the statements on its input, one a line, without any server; the first that fails ends it.
single() {{
  postgres --single -D "$1" -c exit_on_error=on {_flags(QUIET)} "$2" >/dev/null
}}

# Makes the databases where there are none: beside their place, so that they are there wholly or not at all.
make() {{
  rm -rf "$new" "$known" "$granted"
  initdb -D "$new" -U postgres --auth=reject --encoding=UTF8 --locale=C --no-instructions >/dev/null ||
    fail "initdb failed"
  # Every setting is on the command line; another value in the file would be a complaint at each reload.
  : >"$new/postgresql.conf"
  printf '%s\\n' 'CREATE ROLE {STORE_ROLE} LOGIN' 'CREATE DATABASE {STORE_ROLE} OWNER {STORE_ROLE}' |
    single "$new" postgres || fail "the database cannot be made"
  echo 'CREATE EXTENSION vector' | single "$new" {STORE_ROLE} || fail "the image has no pgvector"
  mv "$new" "$data"
  sync "$STORE_DATA"
}}

# Once for each volume, also for one that an earlier version made; the store does its work without, if need be.
grant() {{
  if [ -e "$granted" ]; then
    return
  fi
  if printf '%s\\n' {_quoted(RIGHTS)} | single "$data" {STORE_ROLE}; then
    : >"$granted"
  else
    echo "store: the role's rights cannot be granted" >&2
  fi
}}

# Where the password is not the one that was set last: a full disk would keep a server from its start otherwise.
set_password() {{
  password=$(cat "$STORE_CREDENTIALS/password")
  case $password in
    '' | *[!A-Za-z0-9_-]*) fail "the password must be letters, digits, - and _ alone" ;;
  esac
  digest=$(printf %s "$password" | sha256sum)
  if [ -e "$known" ] && [ "$digest" = "$(cat "$known")" ]; then
    return
  fi
  echo "ALTER ROLE {STORE_ROLE} PASSWORD '$password'" | single "$data" postgres || fail "the password cannot be set"
  echo "$digest" >"$known"
}}

copy_certificate() {{
  cp "$STORE_TLS/tls.crt" "$STORE_TLS/tls.key" "$STORE_RUN/"
  chmod 600 "$STORE_RUN/tls.crt" "$STORE_RUN/tls.key"
}}

same() {{
  [ "$(cat "$1")" = "$(cat "$2")" ]
}}

# Takes up what the Secrets say now: a certificate at once, a password by a start.
watch() {{
  while sleep "$STORE_LOOK_SECONDS"; do
    if [ "$(cat "$STORE_CREDENTIALS/password")" != "$password" ]; then
      : >"$again"
      kill -INT "$1"
      return
    fi
    if ! same "$STORE_TLS/tls.crt" "$STORE_RUN/tls.crt" || ! same "$STORE_TLS/tls.key" "$STORE_RUN/tls.key"; then
      copy_certificate
      kill -HUP "$1"
    fi
  done
}}

# A server that was killed leaves its number in its lock file. A new container numbers its processes anew, and PostgreSQL takes whatever has
# that number now, this script's own watch as a rule, for a server that still runs: it would not start, time and again. None runs here yet,
# and one in another container, which has no number that could be looked for, holds the lock on the volume.
unlock() {{
  rm -f "$data/postmaster.pid"
}}

# Serves until the server ends; returns how it did.
serve() {{
  rm -f "$again"
  copy_certificate
  echo 'hostssl {STORE_ROLE} {STORE_ROLE} all scram-sha-256' >"$STORE_RUN/pg_hba.conf"
  postgres -D "$data" {_flags(SETTINGS)} -c ssl_cert_file="$STORE_RUN/tls.crt" -c ssl_key_file="$STORE_RUN/tls.key" \\
    -c hba_file="$STORE_RUN/pg_hba.conf" -c shared_buffers="$STORE_MEMORY" -c maintenance_work_mem="$STORE_MEMORY" &
  server=$!
  trap 'kill -INT "$server"' TERM INT
  watch "$server" &
  watcher=$!
  # A signal ends the waiting before it ends the server.
  status=0
  while
    status=0
    wait "$server" || status=$?
    kill -0 "$server" 2>/dev/null
  do :; done
  kill "$watcher" 2>/dev/null || :
  trap 'exit 143' TERM INT
}}

trap 'exit 143' TERM INT
claim
[ -d "$data" ] || make
chmod 700 "$data" # what kubelet made of it, where it gave the volume to the pod's group, is none to PostgreSQL
unlock
grant
while :; do
  unlock
  set_password
  serve
  [ -e "$again" ] || exit "$status"
done
"""
