# Sourced by docker/lab. The infra machine: names (dnsmasq), time (chrony) and the mirror (nginx). Not part of the site.

# A resolver on the host's loopback cannot be reached from a container; the host's real ones can.
infra_upstream() {
  local file=/etc/resolv.conf
  if ! grep -E '^nameserver' $file | grep -qvE 'nameserver (127\.|::1)' && [ -f /run/systemd/resolve/resolv.conf ]; then
    file=/run/systemd/resolve/resolv.conf
  fi
  grep -E '^nameserver' $file
}

# Rewritten in place, since dnsmasq watches the folder and takes new names without a restart.
infra_names() {
  mkdir -p "$LAB/infra/hosts.d"
  infra_upstream >"$LAB/infra/upstream.conf"
  {
    site_machines | awk -F: '{ print $3, $1 }'
    echo "$(site_fact infra) infra"
    if [ -n "$(site_fact vip-apps)" ]; then echo "$(site_fact vip-apps) $(site_fact host)"; fi
  } >"$LAB/infra/hosts.d/site"
}

infra_boot() {
  mkdir -p "$MIRROR"
  if ! machine_exists infra; then
    machine_create infra "$(site_fact infra)" "$(infra_image)" -v "$MIRROR:/srv/mirror:ro" -v "$LAB/infra:/etc/ha-lab:ro"
  elif ! machine_is_up infra; then
    docker start "$(container infra)" </dev/null
  fi
  machine_wait infra
}
