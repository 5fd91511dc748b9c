# Sourced by docker/lab. What an operator does by hand on fresh machines: install the packages, init, join, log in, apply.

PACKAGES=$ROOT/target/packages
HACTL=$ROOT/target/x86_64-unknown-linux-musl/dist/hactl

first_control_plane() { site_of_role control-plane | head -n 1; }

lab_hactl() { HA_CONFIG_DIR="$LAB/hactl" "$HACTL" "$@"; }

has_file() { in_machine "$1" test -e "$2"; }

# install_package MACHINE PACKAGE: also an upgrade; nothing when the very same file was installed before. In one call of the
# engine: eight machines beside each other make every further one cost a second.
install_package() {
  local deb=$PACKAGES/$2.deb
  docker exec -i "$(container "$1")" sh -ec '
    name=$1 sum=$2 mark=/var/cache/ha-lab-$1.sha256
    [ "$(cat "$mark" 2>/dev/null)" != "$sum" ] || exit 0
    cat >"/var/cache/$name.deb"
    dpkg -i "/var/cache/$name.deb"
    rm "/var/cache/$name.deb"
    echo "$sum" >"$mark"' sh "$2" "$(sha256sum <"$deb")" <"$deb"
}

# The coordinator is installed by hand on one machine only; elsewhere the plan does it, and here it is only kept up to date.
product_install_on() { # MACHINE
  local has
  # Nine machines share the host's cores: coordinators there must bear with pauses that real machines do not have.
  has=$(in_machine "$1" sh -c "echo HA_RAFT_TIMING=slow-disk >/etc/default/ha-coordinator; [ ! -e /usr/bin/ha-coordinator ] || echo yes")
  install_package "$1" ha-agent
  if [ "$1" = "$(first_control_plane)" ] || [ "$has" = yes ]; then
    install_package "$1" ha-coordinator
  fi
}

on_each_machine() { # FUNCTION: in parallel, with the machine's name
  local name pids=()
  for name in $(site_names); do
    (set -e && "$1" "$name") &
    pids+=($!)
  done
  together "${pids[@]}"
}

product_install() { on_each_machine product_install_on; }

# The strings are secrets: they are kept in files that only root reads.
product_init() {
  local first
  first=$(first_control_plane)
  if has_file "$first" /etc/ha-mesh/coordinator.pem && [ -s "$LAB/init.json" ]; then return 0; fi
  (umask 077 && in_machine "$first" ha-coordinator init --output json >"$LAB/init.json.new")
  mv "$LAB/init.json.new" "$LAB/init.json"
}

init_field() { /usr/bin/python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$LAB/init.json" "$1"; }

product_join_on() { # MACHINE: the string goes in by standard input, since a command line can be read by all
  has_file "$1" /etc/ha-mesh/agent.pem || init_field join | docker exec -i "$(container "$1")" ha-agent join -
}

product_join() { on_each_machine product_join_on; }

product_login() { [ -d "$LAB/hactl" ] || lab_hactl login "$(init_field login)"; }

# What a user of the site sees. The name is resolved here as the site's DNS would.
product_fetch() {
  local host vip
  host=$(site_fact host) vip=$(site_fact vip-apps)
  curl -fsSkL --max-time 20 --resolve "$host:80:$vip" --resolve "$host:443:$vip" "http://$host/jw" | grep -i '<title>' | head -n 1
}
