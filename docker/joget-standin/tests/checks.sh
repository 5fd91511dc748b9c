# What tests/run checks; sourced, not run. Every check counts as passed or failed.
# shellcheck shell=bash disable=SC2154

ok() { # ok SENTENCE COMMAND...
  local sentence=$1
  shift
  if "$@" >"$work/out" 2>&1; then
    passed=$((passed + 1))
    echo "ok      $sentence"
  else
    failed=$((failed + 1))
    echo "FAILED  $sentence"
    sed 's/^/        /' "$work/out" | head -5
    docker logs --tail 3 "$name" 2>&1 | sed 's/^/        log: /'
  fi
}

within() { # within SECONDS COMMAND...
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || { "$@"; return; }
    sleep 0.2
  done
}

code_is() { # code_is CODE PATH [CURL ARGUMENTS...]
  local wanted=$1 path=$2 got
  shift 2
  got=$(curl -s -m 20 -o "$work/body" -w '%{http_code} %{redirect_url}' -b "$work/${jar:-cookies}" "$@" "$base$path")
  [ "${got%% *}" = "$wanted" ] || { echo "wanted $wanted, got $got"; cat "$work/body"; return 1; }
  redirect=${got#* }
}

body_has() { grep -qF -- "$1" "$work/body" || { cat "$work/body"; return 1; }; }
both() { code_is "$1" "$2" "${@:4}" && body_has "$3"; } # both CODE PATH TEXT [CURL ARGUMENTS...]
redirects() { code_is 302 "$1" "${@:3}" && [ "$redirect" = "$base$2" ] || { echo "to $redirect"; return 1; }; }

run_pod() { # run_pod NAME PORT [DOCKER ARGUMENTS...]
  docker rm -f "$1" >/dev/null 2>&1
  docker run -d --name "$1" -h "$1" -p "127.0.0.1:$2:8080" --read-only --cap-drop ALL \
    -v "$wflow:/opt/joget/wflow" -v "$work/ca.pem:/etc/ca.pem:ro" -v "$work/other-ca.pem:/etc/other-ca.pem:ro" \
    "${@:3}" "$tag" >/dev/null
  within 10 curl -sf "http://127.0.0.1:$2/jw/home/"
}

login() { # login PASSWORD [BASE]
  rm -f "$work/cookies"
  curl -s -o /dev/null -w '%{redirect_url}' -c "$work/cookies" -d j_username=admin --data-urlencode "j_password=$1" "${2:-$base}/jw/web/login"
}

check_before_setup() {
  : >"$work/cookies"
  run_pod "$name" 18080
  ok "the home page answers 200 before any setup" both 200 /jw/home/ "It is not Joget"
  ok "/jw redirects to the home page" redirects /jw /jw/home/
  ok "the server header says stand-in" sh -c "curl -si $base/jw/home/ | grep -qi '^server: joget-standin.*not Joget'"
  ok "the login page says that nothing is set up" both 503 /jw/web/login "not set up"
  ok "deep health says so too" both 503 /jw/web/json/standin/health "not set up"
  ok "the setup page is open" both 200 /jw/setup jdbcFullUrl
}

init() { # init DRIVER-URL FULL-URL PASSWORD
  curl -s -m 30 -o "$work/body" -w '%{http_code}' "$base/jw/setup/init" -d jdbcDriver=$driver --data-urlencode "jdbcUrl=$1" \
    --data-urlencode "jdbcFullUrl=$2" -d jdbcUser=joget --data-urlencode "jdbcPassword=$3" -d dbType=$dbtype -d dbName=jwdb
}
init_says() { [ "$(init "${@:2}")" = 200 ] && body_has "\"result\":\"$1\""; }
init_is_refused() { [ "$(init "$@")" = 403 ]; }

check_setup() {
  ok "a setup with a wrong password is refused and leaves no profile" init_says false "$url/" "$url/jwdb" wrong
  ok "GET on the setup's address is not allowed" code_is 405 /jw/setup/init
  ok "the setup makes the database, the tables and the files" init_says true "$url/" "$url/jwdb" "$secret"
  ok "the profile's file is written and only its owner reads it" test "$(stat -c %a "$wflow/app_datasource-jwdb.properties")" = 600
  ok "its URL is escaped as Java does" grep -qF "workflowUrl=jdbc\\:$scheme\\://" "$wflow/app_datasource-jwdb.properties"
  ok "a second setup is answered 403" init_is_refused "$url/" "$url/jwdb" "$secret"
  ok "the setup page is answered 403" code_is 403 /jw/setup
  ok "the login page answers now" both 200 /jw/web/login j_password
  ok "deep health is well" both 200 /jw/web/json/standin/health '"status":"ok"'
}

check_login_and_form() {
  local form=/jw/web/userview/standin/form
  ok "the form without a login redirects to the login page" redirects $form /jw/web/login
  ok "a wrong password is sent back" test "$(login wrong)" = "$base/jw/web/login?login_error=1"
  ok "admin/admin is let in" test "$(login admin)" = "$base$form"
  ok "the form opens" both 200 $form 'name="value"'
  ok "a submission is saved" both 200 $form Saved --data-urlencode "value=žluť <b>&'\"\\ 1" -d id=row-1
  ok "the same submission again is not saved twice" both 200 $form Saved -d value=x -d id=row-1
  ok "markup in a value is escaped" sh -c "! grep -q '<b>&' $work/body"
  ok "rows are listed with value and pod" both 200 '/jw/web/json/standin/rows?limit=5' "\"pod\":\"$name\""
  ok "the value comes back as it was sent" python3 -c "
import json; d = json.load(open('$work/body')); r = d['rows'][0]
assert d['count'] == 1 and r['value'] == 'žluť <b>&\'\"\\\\ 1' and r['dateCreated'].endswith('Z') and r['createdBy'] == 'admin', d"
  ok "a NUL in a value is refused" code_is 400 $form --data-raw 'value=a%00b'
  ok "an id with a slash is refused" code_is 400 $form -d value=x -d id=../x
}

check_upload() {
  local upload=/jw/web/json/standin/upload
  head -c 3000000 /dev/urandom >"$work/file.bin"
  sum=$(sha256sum "$work/file.bin" | cut -d' ' -f1)
  ok "a file is uploaded as a form does it" both 200 $upload "$sum" -F "file=@$work/file.bin"
  ok "a file is uploaded as a plain body" both 200 "$upload?name=plain.bin" "$sum" --data-binary "@$work/file.bin" -H 'Content-Type: application/octet-stream'
  ok "the file is on the volume" cmp "$work/file.bin" "$wflow/app_formuploads/standin/file.bin"
  ok "the file can be read back" code_is 200 "$upload?name=file.bin"
  ok "what is read back is the same" cmp "$work/file.bin" "$work/body"
  ok "files are listed" both 200 $upload plain.bin
  ok "a name that leaves the folder is refused" code_is 400 "$upload?name=../x" --data-binary x
  ok "a missing file is 404" code_is 404 "$upload?name=none"
  jar=no-cookies
  ok "uploading needs a login" code_is 401 "$upload?name=x" --data-binary x
  ok "a wrong basic authentication is none" code_is 401 "$upload?name=x" --data-binary x -u admin:wrong
  ok "basic authentication is a login" code_is 200 "$upload?name=x" --data-binary x -u admin:admin
  jar=
}

check_burst() {
  local before after
  seq 60 | xargs -P 20 -I{} curl -s -m 20 -o /dev/null -w '%{http_code}\n' -b "$work/cookies" -d value=burst -d id=burst-{} \
    "$base/jw/web/userview/standin/form" >"$work/codes"
  ok "60 submissions, 20 at a time, are all acknowledged" test "$(sort "$work/codes" | uniq -c | tr -d '\n ')" = 60200
  ok "and all of them are in the database" both 200 '/jw/web/json/standin/rows?value=burst&limit=1' '"count":60'
  after=$(connections)
  ok "the pool has at most 10 connections (it has $after)" test "$after" -le 10
  echo "maxActive=2" >>"$wflow/app_datasource-jwdb.properties"
  sleep 1.2
  seq 30 | xargs -P 15 -I{} curl -s -m 20 -o /dev/null "$base/jw/web/json/standin/rows"
  before=$(connections)
  ok "a changed maxActive=2 is taken without a restart (it has $before)" test "$before" -le 2
}

check_restart_keeps_login() {
  docker restart -t 15 "$name" >/dev/null
  within 10 curl -sf "$base/jw/home/"
  ok "a restarted pod still knows the login" both 200 /jw/web/userview/standin/form "Logged in as"
}

# Hangs, as on a machine that stopped without closing anything.
check_database_hang() {
  local begun=$SECONDS
  freeze_database STOP
  ok "a hung database is answered 503" code_is 503 /jw/web/userview/standin/form -d value=hung
  ok "within 9 s" test $((SECONDS - begun)) -le 9
  ok "the home page answers meanwhile" both 200 /jw/home/ "not Joget"
  freeze_database CONT
  ok "when it goes on, so does the stand-in" within 5 code_is 200 /jw/web/json/standin/health
}

check_second_pod() {
  run_pod "$name-2" 18081
  ok "another pod on the same volume and database knows the login" sh -c \
    "curl -sf -b $work/cookies http://127.0.0.1:18081/jw/web/userview/standin/form | grep -q $name-2"
  ok "and has the same files" sh -c "curl -sf 'http://127.0.0.1:18081/jw/web/json/standin/upload?name=file.bin' | cmp - $work/file.bin"
  docker rm -f "$name-2" >/dev/null
}

check_database_restart() {
  local begun
  stop_database
  ok "without the database the home page answers 200" code_is 200 /jw/home/
  begun=$SECONDS
  ok "rows answer 503 with a clear text" both 503 /jw/web/json/standin/rows "$host:$port"
  ok "a submission answers 503" both 503 /jw/web/userview/standin/form "database" -d value=lost
  ok "deep health answers 503 and the storage is well" both 503 /jw/web/json/standin/health '"storage":{"ms"'
  ok "all that within 15 s" test $((SECONDS - begun)) -le 15
  start_database
  ok "it recovers by itself within 5 s" within 5 code_is 200 /jw/web/json/standin/health
  ok "nothing acknowledged was lost" both 200 '/jw/web/json/standin/rows?value=burst&limit=1' '"count":60'
  docker restart -t 15 "$name" >/dev/null
  stop_database
  docker restart -t 15 "$name" >/dev/null
  ok "it starts without the database" within 5 code_is 200 /jw/home/
  start_database
  ok "and finds it later" within 5 code_is 200 /jw/web/json/standin/health
}

profile_url() { # profile_url PARAMETERS
  sed -i "s|^workflowUrl=.*|workflowUrl=$url/jwdb?$1|" "$wflow/app_datasource-jwdb.properties"
  sleep 1.2
}

check_tls() {
  local health=/jw/web/json/standin/health mode=sslMode ca=serverSslCert
  [ "$kind" = mariadb ] || { mode=sslmode ca=sslrootcert; }
  local trust=trust
  [ "$kind" = mariadb ] || trust=require
  profile_url "$mode=disable"
  ok "plain text is reported as such" both 200 $health '"tls":null'
  profile_url "$mode=$trust"
  ok "TLS without verifying works and names its cipher" both 200 $health '"tls":"TLS_'
  profile_url "$mode=verify-ca\&$ca=/etc/ca.pem"
  ok "verify-ca accepts the CA's certificate under another name" both 200 $health '"tls":"TLS_'
  profile_url "$mode=verify-ca\&$ca=/etc/other-ca.pem"
  ok "verify-ca refuses another CA" both 503 $health 'UnknownIssuer'
  profile_url "$mode=verify-full\&$ca=/etc/ca.pem"
  ok "verify-full refuses another name" both 503 $health 'not valid for'
  stop_database
  certificate_name=right
  start_database
  ok "no password is in the log of setup, logins and failures" no_password_in_log
  ok "verify-full accepts the right name" within 5 both 200 $health '"tls":"TLS_'
  profile_url "$mode=verify-ca\&$ca=/etc/missing.pem"
  ok "a missing CA file is named" both 503 $health '/etc/missing.pem'
  if [ "$kind" = mariadb ]; then
    profile_url "useSSL=true\&trustServerCertificate=true"
    ok "useSSL with trustServerCertificate works" both 200 $health '"tls":"TLS_'
  fi
  profile_url "$mode=disable"
}

# The data source comes from a read-only folder, as a Secret is mounted; the tables are made at the first use.
check_mounted_secret() {
  local folder=$work/secret-$kind
  mkdir -p "$folder"
  case $kind in mariadb) sql "CREATE DATABASE jwdb2" ;; postgresql) sql "CREATE DATABASE jwdb2 OWNER joget" ;; esac
  echo currentProfile=default >"$folder/app_datasource.properties"
  sed 's|/jwdb?|/jwdb2?|; s|=jwdb$|=default|' "$wflow/app_datasource-jwdb.properties" >"$folder/app_datasource-default.properties"
  chmod -R a+rX "$folder"
  local args=(-v "$folder:/opt/joget/datasource:ro" -e JOGET_DATASOURCE_DIR=/opt/joget/datasource)
  run_pod "$name" 18080 "${args[@]}"
  ok "a mounted data source without tables is told in deep health" both 503 /jw/web/json/standin/health dir_role
  ok "a mounted data source closes the setup" code_is 403 /jw/setup
  local auto=(-e JOGET_SETUP=auto -e JOGET_ADMIN_PASSWORD=own-password)
  run_pod "$name" 18080 "${args[@]}" "${auto[@]}"
  run_pod "$name-2" 18081 "${args[@]}" "${auto[@]}"
  seq 16 | xargs -P 16 -I{} sh -c "curl -s -m 20 -o /dev/null -w '%{http_code}\n' http://127.0.0.1:1808\$(({} % 2))/jw/web/json/standin/health" >"$work/codes"
  ok "with JOGET_SETUP=auto the tables are made once, though two pods start at once" test "$(sort "$work/codes" | uniq -c | tr -d '\n ')" = 16200
  docker rm -f "$name-2" >/dev/null
  ok "and all is well then" both 200 /jw/web/json/standin/health '"status":"ok"'
  ok "admin/admin is not let in then" test "$(login admin)" = "$base/jw/web/login?login_error=1"
  ok "the given password is" test "$(login own-password)" = "$base/jw/web/userview/standin/form"
  ok "the schema command finds the tables and touches nothing" sh -c \
    "docker exec $name /usr/local/bin/joget-standin schema 2>&1 | grep -q 'nothing was touched'"
}

no_password_in_log() { ! docker logs "$name" 2>&1 | grep -F -e own-password -e 'p#a!s'; }

check_stop_and_log() {
  local begun=$SECONDS
  echo "        resident: $(awk '/VmRSS/ {print $2, $3}' "/proc/$(docker inspect -f '{{.State.Pid}}' "$name")/status")"
  docker stop -t 15 "$name" >/dev/null
  ok "it stops within 3 s of SIGTERM" test $((SECONDS - begun)) -le 3
  ok "and exits with 0" test "$(docker inspect -f '{{.State.ExitCode}}' "$name")" = 0
  ok "no password is in the log" no_password_in_log
  ok "every line of the log says what this is" sh -c "! docker logs $name 2>&1 | grep -v '^joget-standin (not Joget):'"
}
