# Starting and stopping the two databases for tests/run; sourced, not run.
# shellcheck shell=bash disable=SC2154

install_missing() {
  local missing=()
  command -v mariadbd >/dev/null || missing+=(mariadb-server)
  compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || missing+=(postgresql)
  command -v openssl >/dev/null || missing+=(openssl)
  [ ${#missing[@]} = 0 ] || { apt-get update -q && apt-get install -yq --no-install-recommends "${missing[@]}"; } >/dev/null
}

# One CA; a server certificate that has the address, one that has only another name; a CA that signed nothing.
make_certificates() (
  cd "$work" || exit 1
  for ca in ca other-ca; do
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$ca" -keyout $ca.key -out $ca.pem 2>/dev/null
  done
  certificate right "IP:$host"
  certificate renamed "DNS:db.example"
  chmod 644 ./*.pem ./*.key
)

certificate() {
  openssl req -newkey rsa:2048 -nodes -subj "/CN=db" -keyout "$1.key" -out "$1.csr" 2>/dev/null
  openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out "$1.pem" \
    -extfile <(echo "subjectAltName=$2") 2>/dev/null
}

set_up_kind() {
  kind=$1 certificate_name=renamed
  data=$work/$kind wflow=$work/wflow-$kind
  mkdir -p "$wflow"
  chown 1000:1000 "$wflow"
  case $kind in
    mariadb) port=13306 scheme=mariadb driver=org.mariadb.jdbc.Driver dbtype=mysql ;;
    postgresql) port=15432 scheme=postgresql driver=org.postgresql.Driver dbtype=postgresql ;;
  esac
  url=jdbc:$scheme://$host:$port
  "make_$kind"
}

make_mariadb() {
  mkdir -p "$data"
  chown mysql: "$data"
  mariadb-install-db --no-defaults --user=mysql --datadir="$data" --auth-root-authentication-method=socket >"$work/install.log" 2>&1
}

make_postgresql() {
  pgbin=$(dirname "$(compgen -G '/usr/lib/postgresql/*/bin/postgres' | tail -1)")
  mkdir -p "$data"
  chown postgres: "$data"
  runuser -u postgres -- "$pgbin/initdb" -D "$data" -A scram-sha-256 --auth-local=peer -E UTF8 --locale=C.UTF-8 >"$work/install.log" 2>&1
  echo "host all all all scram-sha-256" >>"$data/pg_hba.conf"
}

start_database() {
  # Each server wants its key for itself.
  local owner=mysql
  [ "$kind" = mariadb ] || owner=postgres
  install -o $owner -m 600 "$work/$certificate_name.key" "$data/server.key"
  install -o $owner -m 644 "$work/$certificate_name.pem" "$data/server.pem"
  "start_$kind"
}

start_mariadb() {
  mariadbd --no-defaults --user=mysql --datadir="$data" --socket="$data/s.sock" --pid-file="$data/s.pid" \
    --port=$port --bind-address="127.0.0.1,$host" --max-connections=40 --skip-name-resolve \
    --ssl-ca="$work/ca.pem" --ssl-cert="$data/server.pem" --ssl-key="$data/server.key" >"$work/db.log" 2>&1 &
  database_pid=$!
  within 20 mariadb --no-defaults --socket="$data/s.sock" -e 'select 1'
}

start_postgresql() {
  # Not runuser: it stops itself when its child is stopped.
  setpriv --reuid postgres --regid postgres --init-groups "$pgbin/postgres" -D "$data" -p $port -k "$data" -c listen_addresses="127.0.0.1,$host" \
    -c max_connections=40 -c ssl=on -c ssl_cert_file="$data/server.pem" -c ssl_key_file="$data/server.key" >"$work/db.log" 2>&1 &
  database_pid=$!
  within 20 runuser -u postgres -- psql -h "$data" -p $port -c 'select 1'
}

sql() {
  case $kind in
    mariadb) mariadb --no-defaults --socket="$data/s.sock" -N -e "$1" ;;
    postgresql) runuser -u postgres -- psql -h "$data" -p $port -qtA -c "$1" "${2:-postgres}" ;;
  esac
}

# The user may make databases, so that the setup can.
create_login() {
  case $kind in
    mariadb)
      sql "CREATE USER 'joget'@'%' IDENTIFIED BY '${secret//\\/\\\\}'; GRANT ALL ON jwdb.* TO 'joget'@'%'; GRANT ALL ON jwdb2.* TO 'joget'@'%'"
      ;;
    postgresql) sql "CREATE ROLE joget LOGIN CREATEDB PASSWORD '$secret'" ;;
  esac
}

connections() {
  case $kind in
    mariadb) sql "SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'joget'" ;;
    postgresql) sql "SELECT COUNT(*) FROM pg_stat_activity WHERE usename = 'joget'" ;;
  esac
}

freeze_database() { # freeze_database STOP|CONT
  # shellcheck disable=SC2046
  kill -"$1" "$database_pid" $(pgrep -P "$database_pid")
}

# A power cut, as far as the server's process is concerned.
stop_database() {
  [ -n "${database_pid:-}" ] || return 0
  # PostgreSQL's immediate shutdown takes its children along, a SIGKILL would leave them.
  local signal=QUIT
  [ "$kind" = postgresql ] || signal=KILL
  kill -$signal "$database_pid" 2>/dev/null
  wait "$database_pid" 2>/dev/null
  database_pid=
}
