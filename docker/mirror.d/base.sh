# Sourced by docker/mirror. What is not Go: the pod sandbox's process, and the small file system that kube-proxy and
# flannel stand on (ip, nft, iptables, conntrack with their libraries, busybox).

pause_build() { # OUT
  gcc -Os -static -s -DVERSION="\"$PAUSE\"" -o "$1" "$ROOT/docker/mirror.d/pause.c"
}

netbase_build() { # OUT
  local root program
  root=$(mktemp -d "$BUILD/work/netbase.XXXXXX")
  chmod 755 "$root"
  netbase_layout "$root"
  for program in ip nft conntrack sysctl ethtool xtables-nft-multi xtables-legacy-multi; do
    netbase_take "$root" "$program"
  done
  netbase_links "$root"
  tar -C "$root" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --format=ustar -cf "$1" .
  rm -rf "$root"
}

netbase_layout() { # ROOT
  local name
  mkdir -p "$1/usr/bin" "$1/usr/sbin" "$1/usr/lib" "$1/usr/lib64" "$1/etc" "$1/run"
  mkdir -m 1777 "$1/tmp"
  for name in bin sbin lib lib64; do ln -s "usr/$name" "$1/$name"; done
  cp /etc/protocols /etc/services "$1/etc/" 2>/dev/null || true
}

# A program and every library the loader would look for. Some (xtables' extensions) are loaded by name at run time.
netbase_take() { # ROOT PROGRAM
  local path library
  path=$(readlink -f "$(command -v "$2")")
  cp "$path" "$1/usr/sbin/$2"
  ldd "$path" | grep -oE '/[^ ]+' | while read -r library; do
    case $library in /usr/*) ;; *) library=/usr$library ;; esac
    mkdir -p "$1$(dirname "$library")"
    cp -L "$library" "$1$library"
  done
  case $2 in xtables-*) mkdir -p "$1/usr/lib/x86_64-linux-gnu/xtables"; cp /usr/lib/x86_64-linux-gnu/xtables/*.so "$1/usr/lib/x86_64-linux-gnu/xtables/" ;; esac
}

netbase_links() { # ROOT
  local name
  for name in iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore; do
    ln -s xtables-nft-multi "$1/usr/sbin/$name"
  done
  ln -s ../sbin/ip "$1/usr/bin/ip"
  cp /bin/busybox "$1/usr/bin/busybox"
  for name in sh cp ls cat sleep mkdir ps grep; do ln -s busybox "$1/usr/bin/$name"; done
}
