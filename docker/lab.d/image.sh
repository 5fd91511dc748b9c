# Sourced by docker/lab. The machine image (a freshly imaged Debian 12 VM, nothing of the cluster in it) and, on top of
# it, the infra image. Both are named after a hash of what they are made from, and made only when no such image exists.

SUITE=bookworm # trixie's systemd needs cgroup v2, which a host may lack

image_inputs_hash() {
  {
    cat "$ROOT"/docker/machine/* "$ROOT"/docker/infra/* "$ROOT/docker/lab.d/image.sh"
    image_apt_files | xargs -r cat
    image_debian_mirror
  } | sha256sum | cut -c1-12
}

machine_image() { echo "ha-lab-machine:$(image_inputs_hash)"; }
infra_image() { echo "ha-lab-infra:$(image_inputs_hash)"; }

image_host_is_same_suite() { [ "$(. /etc/os-release && echo "${VERSION_CODENAME:-}")" = $SUITE ]; }

# The host's own apt settings that say how to reach a mirror (proxies, Acquire options), not those that run programs.
image_apt_files() {
  grep -lE '^ *Acquire' /etc/apt/apt.conf /etc/apt/apt.conf.d/* 2>/dev/null | xargs -r grep -LE 'Invoke|DPkg' || true
}

image_debian_mirror() {
  local found=''
  if [ "$(. /etc/os-release && echo "${ID:-}")" = debian ]; then
    found=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
      grep -v '^ *#' | grep -v security | grep -oE 'https?://[^ ]*/debian/?( |$)' | head -n 1 | tr -d ' ' || true)
  fi
  echo "${HA_DEBIAN_MIRROR:-${found:-http://deb.debian.org/debian}}"
}

# Sources of the same shape as the host's when it is the same Debian, and Debian's own otherwise.
image_apt_sources() { # ROOTFS
  local mirror
  mirror=$(image_debian_mirror)
  rm -f "$1/etc/apt/sources.list"
  cp /etc/resolv.conf "$1/etc/resolv.conf"
  image_apt_files | xargs -r -I{} cp {} "$1/etc/apt/apt.conf.d/"
  if image_host_is_same_suite && [ -f /etc/apt/sources.list.d/debian.sources ]; then
    cp /etc/apt/sources.list.d/debian.sources "$1/etc/apt/sources.list.d/"
  else
    printf 'deb %s %s main\n' "$mirror" $SUITE "$mirror" $SUITE-updates >"$1/etc/apt/sources.list"
    printf 'deb %s %s-security main\n' "${mirror%/}-security" $SUITE >>"$1/etc/apt/sources.list"
  fi
}

image_rootfs() { # ROOTFS
  debootstrap --variant=minbase --include="$(tr -s ' \n' ',,' <"$ROOT/docker/machine/packages" | sed 's/,$//')" $SUITE "$1" "$(image_debian_mirror)"
  image_apt_sources "$1"
  chroot "$1" apt-get update -q
  image_make_fresh "$1"
}

image_make_fresh() { # ROOTFS
  rm -rf "$1"/var/cache/apt/archives/*.deb "$1"/var/log/*.log
  : >"$1/etc/machine-id" # empty: each machine makes its own at its first boot
  rm -f "$1/var/lib/dbus/machine-id"
  mkdir -p "$1/var/log/journal"
  rm -f "$1/etc/hostname" "$1/etc/resolv.conf"
  : >"$1/etc/resolv.conf"
  install -m 755 "$ROOT/docker/machine/init" "$1/sbin/ha-lab-init"
  install -D -m 644 "$ROOT/docker/machine/chrony-in-a-container.conf" "$1/etc/systemd/system/chrony.service.d/lab.conf"
  echo 'DAEMON_OPTS="-F 1 -x"' >"$1/etc/ha-lab-chrony"
}

image_add_infra() { # ROOTFS: turns the machine's file system into infra's
  cp /etc/resolv.conf "$1/etc/resolv.conf"
  printf '#!/bin/sh\nexit 101\n' >"$1/usr/sbin/policy-rc.d"
  chmod 755 "$1/usr/sbin/policy-rc.d"
  # shellcheck disable=SC2046
  DEBIAN_FRONTEND=noninteractive chroot "$1" apt-get install -y -q --no-install-recommends $(cat "$ROOT/docker/infra/packages")
  rm -f "$1/usr/sbin/policy-rc.d"
  cp "$ROOT/docker/infra/dnsmasq.conf" "$1/etc/dnsmasq.d/lab.conf"
  cp "$ROOT/docker/infra/chrony.conf" "$1/etc/chrony/chrony.conf"
  cp "$ROOT/docker/infra/nginx.conf" "$1/etc/nginx/nginx.conf"
  mkdir -p "$1/srv/mirror" "$1/etc/ha-lab/hosts.d"
  image_make_fresh "$1"
}

image_import() { tar -C "$1" --numeric-owner -c . | docker import -c 'CMD ["/sbin/ha-lab-init"]' - "$2"; } # ROOTFS NAME

image_exists() { docker image inspect "$1" >/dev/null 2>&1 </dev/null; }

image_ready() {
  if image_exists "$(machine_image)" && image_exists "$(infra_image)"; then return 0; fi
  local rootfs
  rootfs=$(mktemp -d "$LAB/rootfs.XXXXXX")
  chmod 755 "$rootfs"
  image_rootfs "$rootfs"
  image_import "$rootfs" "$(machine_image)"
  image_add_infra "$rootfs"
  image_import "$rootfs" "$(infra_image)"
  rm -rf "$rootfs"
  image_drop_old
}

# Only those of this lab's names, and none that a container still uses (the engine refuses).
image_drop_old() {
  docker images --format '{{.Repository}}:{{.Tag}}' </dev/null | grep -E '^ha-lab-(machine|infra):' |
    grep -vxF -e "$(machine_image)" -e "$(infra_image)" | xargs -r docker rmi 2>/dev/null || true
}
