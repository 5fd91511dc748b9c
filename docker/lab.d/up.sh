# Sourced by docker/lab. The whole way from a fresh host to a site that answers, and the way back to that by repetition.

verb_up() {
  step "host: packages, engine, limits" host_ready
  site_choose "$@"
  others_lab_is_gone
  up_prepare
  site_pin
  step "$(site_names | wc -l) machines and infra booted" machines_boot
  step "agents installed" product_install
  step "coordinator initialised on $(first_control_plane)" product_init
  step "agents joined" product_join
  step "operator logged in" product_login
  say "hactl apply"
  lab_hactl apply -f "$SITE" --yes
  step "http://$(site_fact host)/jw through the apps VIP" product_fetch
  up_next
}

# Compiling, the image and the mirror want different things of the host, so they go side by side.
up_prepare() {
  local pids=()
  # HA_LAB_BUILD=no takes the packages as they are.
  if [ "${HA_LAB_BUILD:-yes}" = yes ]; then
    step "packages built" "$ROOT/packaging/build" &
    pids+=($!)
  fi
  step "machine image" image_ready &
  pids+=($!)
  step "mirror" mirror_ready &
  pids+=($!)
  together "${pids[@]}"
}

up_next() {
  cat <<TEXT

The site is up. What to try next:
  docker/lab hactl status                 every layer, who holds the VIPs, what waits and why
  docker/lab kubectl get pods -A -o wide
  docker/lab kill m2; docker/lab hactl watch
  docker/lab add w3 worker && docker/lab apply
  curl -kL --resolve $(site_fact host):80:$(site_fact vip-apps) --resolve $(site_fact host):443:$(site_fact vip-apps) http://$(site_fact host)/jw
  docker/lab down
TEXT
}
