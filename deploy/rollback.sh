# shellcheck shell=bash
# shellcheck disable=SC2154 # where things lie is in lib.sh
# What update.sh needs where a version has changed the database so that the one before cannot read it.

# database_file: the catalogue's; fails where the settings name a database that is no file.
database_file() {
  local url folder
  url=$(setting FONTKIN_DATABASE_URL) folder=$(setting FONTKIN_DATA)
  case $url in
    '') echo "${folder:-$data}/catalog.db" ;;
    sqlite:////*) echo "${url#sqlite:///}" ;;
    *) return 1 ;;
  esac
}

# rows COMMAND FILE...: see rows.py; as the service's user, or files of root's would lie beside.
rows() { as_service "$(command -v python3 || python_name)" - "$@" <"$(dirname "${BASH_SOURCE[0]}")/rows.py"; }
as_service() { (cd / && exec runuser -u fontkin -- "$@"); }

# knows_schema RELEASE: whether it has made, or can read, the schema that the database has now.
# Of another kind of database nothing is known.
knows_schema() {
  local file revision
  file=$(database_file) && [ -e "$file" ] || return 0
  revision=$(rows schema "$file") && [ -n "$revision" ] || return 0
  grep -qs "^revision = \"$revision\"" "$prefix/releases/$1"/db/migrations/versions/*.py
}

# newest_backup: what the backup made just now is called.
newest_backup() {
  local found=("$backups"/fontkin-*.zip) newest='' file
  for file in "${found[@]}"; do
    [ ! -e "$file" ] || [ "$file" -ot "${newest:-$file}" ] || newest=$file
  done
  [ -n "$newest" ] && echo "$newest"
}

# keep_backup BACKUP RELEASE: it stays as long as one can go back from that release, when the nightly
# ones of its time have been cleared away; those kept for other releases go.
keep_backup() {
  local kept=$backups/before-$2.zip
  rm -f "$backups"/before-*.zip && { ln "$1" "$kept" 2>/dev/null || cp -p "$1" "$kept"; }
}

# put_back BACKUP: stop, lay the database aside and restore the backup by the version that is current
# now, which need not be able to read the database. Says what is lost; all stays as it is on failure.
put_back() {
  local backup=$1 file aside id
  file=$(database_file) && [ -e "$file" ] || {
    say "the catalogue is not in a file here: empty its database, then: sudo fontkin restore $backup" >&2
    return 1
  }
  aside=$(dirname "$file")/aside-$(date +%Y-%m-%d-%H%M%S)
  say "restoring $backup; the database that was here is kept in $aside" >&2
  systemctl stop fontkin.service && as_service mkdir -m 750 "$aside" && mv "$file"* "$aside/" || return 1
  if ! "$program" restore "$backup" >&2; then
    rm -f "$file"* && mv "$aside"/* "$(dirname "$file")" && rmdir "$aside"
    say "it could not be restored, so the database is where it was" >&2
    return 1
  fi
  aside=$aside/$(basename "$file")
  for id in $(rows revoked "$aside" "$file"); do "$program" tokens revoke "$id" >&2 || true; done
  rows lost "$aside" "$file" | sed 's/^/fontkin: lost: /' >&2
  say "what was changed after the backup is lost; font files added since are in $(dirname "$file")/own and can be added again: sudo fontkin add_font FILE" >&2
}
