#!/bin/sh
# Dated backup, for cron: 15 3 * * * root BACKUP_DIR=/backups/keyhouse /opt/keyhouse/examples/operations/backup.sh
# Reads /etc/keyhouse.env. Keeps 14 days. It does not copy the master keys: keep those elsewhere.
set -eu
umask 077
: "${BACKUP_DIR:?name the folder of the backups}"
if [ -r "${ENV_FILE:=/etc/keyhouse.env}" ]; then set -a; . "$ENV_FILE"; set +a; fi
mkdir -p "$BACKUP_DIR"
file="$BACKUP_DIR/keyhouse-$(date -u +%Y%m%dT%H%M%SZ)"
if [ -n "${DATABASE_URL:-}" ]; then
  # Renamed when complete, so that a file without .partial can be restored.
  pg_dump --format=custom --file="$file.dump.partial" "$DATABASE_URL"
  pg_restore --list "$file.dump.partial" > /dev/null
  mv "$file.dump.partial" "$file.dump"
else
  "${NODE:-node}" "${KEYHOUSE_HOME:-/opt/keyhouse}/bin/keyhouse.js" backup "$file.db" > /dev/null
fi
find "$BACKUP_DIR" -name 'keyhouse-*' -mtime +14 -delete
