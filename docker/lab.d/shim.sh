# Sourced by docker/lab. Counts calls of programs whose effect must come once, from outside the product: with the shim on,
# the mirror's kubeadm is a wrapper (with a digest of its own in the catalog) that notes its arguments in the machine's
# /var/log/ha-lab/kubeadm.calls and then becomes the real program, which the lab mounts into each machine.

SHIM=$LAB/shim

shim_is_on() { [ -d "$SHIM" ]; }

shim_path() { echo "dl.k8s.io/release/v$1/bin/linux/amd64/kubeadm"; } # VERSION
shim_versions() { sed -n 's|.* path: "dl.k8s.io/release/v\([0-9.]*\)/bin/linux/amd64/kubeadm".*|\1|p' "$MIRROR/.catalog-upstream.yaml"; }

shim_script() { # VERSION
  cat <<SCRIPT
#!/bin/bash
# The lab's kubeadm: notes the call, then becomes kubeadm $1.
mkdir -p /var/log/ha-lab
printf '%s %s\n' "\$(date +%s.%N)" "\$*" >>/var/log/ha-lab/kubeadm.calls
exec /usr/local/lib/ha-lab-shim/$1/kubeadm "\$@"
SCRIPT
}

# The multi-call program acts by the name it is called under, hence a folder a version and not a suffix.
shim_install() {
  local version real
  for version in $(shim_versions); do
    real=$MIRROR/$(shim_path "$version")
    mkdir -p "$SHIM/$version"
    [ -e "$SHIM/$version/kubeadm" ] || mv "$real" "$SHIM/$version/kubeadm"
    chmod 755 "$SHIM/$version/kubeadm"
    shim_script "$version" >"$real.new" # never written in place: the real file is linked with kubelet and kubectl
    mv "$real.new" "$real"
  done
}

shim_remove() {
  local version
  for version in $(shim_versions); do
    [ ! -e "$SHIM/$version/kubeadm" ] || mv -f "$SHIM/$version/kubeadm" "$MIRROR/$(shim_path "$version")"
  done
  rm -rf "$SHIM"
}

# shim_rewrite CATALOG: puts the wrappers' digests and sizes in place of the real programs'.
shim_rewrite() {
  local version path digest size
  shim_is_on || return 0
  shim_install
  for version in $(shim_versions); do
    path=$(shim_path "$version")
    digest=$(sha256sum "$MIRROR/$path" | cut -d' ' -f1) size=$(stat -c %s "$MIRROR/$path")
    sed -i "\|path: \"$path\"|s|sha256: \"[0-9a-f]*\", size: [0-9]*|sha256: \"$digest\", size: $size|" "$1"
  done
}

verb_shim() {
  case ${1:-} in
    on)
      step "host: packages, engine, limits" host_ready
      [ -z "$(docker ps -aq --filter label=ha-lab </dev/null)" ] || die "machines get the real kubeadm mounted when they are made: docker/lab down first"
      mkdir -p "$SHIM"
      step "mirror with counted kubeadm" mirror_ready
      ;;
    off)
      shim_remove
      step "mirror with plain kubeadm" mirror_ready
      ;;
    calls) shim_calls ;;
    *) die "shim on, shim off, or shim calls (what each machine's kubeadm was asked)" ;;
  esac
}

shim_calls() {
  local name
  for name in $(site_names); do
    in_machine "$name" cat /var/log/ha-lab/kubeadm.calls 2>/dev/null | sed "s/^/$name /" || true
  done
}
