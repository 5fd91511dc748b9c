# Sourced by docker/mirror. Builds a program that is an unmodified Go module, and what several builds need.

export GOFLAGS="-mod=mod -buildvcs=false" CGO_ENABLED=0 GOTOOLCHAIN=auto

mirror_needs() {
  local missing=() pair
  for pair in go:Go python3:python3 gcc:gcc busybox:busybox-static iptables:iptables nft:nftables conntrack:conntrack ethtool:ethtool ip:iproute2; do
    command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
  done
  if [ ! -e /usr/include/seccomp.h ]; then missing+=(libseccomp-dev); fi
  case " ${missing[*]} " in *" Go "*) echo "docker/mirror needs Go 1.21 or newer (it fetches the one each module asks for)" >&2; exit 1 ;; esac
  [ ${#missing[@]} -eq 0 ] || DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
}

# once NAME COMMAND...: runs the command with the path to write appended, unless $BUILD/bin/NAME is there.
once() {
  local name=$1 out=$BUILD/bin/$1
  shift
  [ ! -e "$out" ] || return 0
  echo "building $name"
  "$@" "$out.part"
  mv "$out.part" "$out"
}

module_field() { go mod download -json "$1" | python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$2"; } # MODULE@VERSION FIELD

# A writable copy of a module's source.
module_copy() { # MODULE@VERSION DIR
  rm -rf "$2"
  cp -r "$(module_field "$1" Dir)" "$2"
  chmod -R u+w "$2"
}

# go_program NAME MODULE VERSION PACKAGE OUT: from an empty module of our own that requires it. A module's own replace
# directives do not reach those who require it, so those that name a version are repeated here.
go_program() {
  local kit=$BUILD/work/$1 gomod
  gomod=$(module_field "$2@$3" GoMod)
  rm -rf "$kit"
  mkdir -p "$kit"
  {
    echo "module kit"
    grep -m1 '^go ' "$gomod" || echo "go 1.21"
    echo "require $2 $3"
    sed -e 's|//.*||' "$gomod" | awk '/^replace \(/ { inside = 1; next } inside && /^\)/ { inside = 0 }
      inside && /=>/ && !/=> *\./ { print "replace", $0 } /^replace [^(]/ && !/=> *\./ { print }'
  } >"$kit/go.mod"
  echo "package kit" >"$kit/kit.go"
  (cd "$kit" && go get "$4@$3" 2>get.log) || { tail -n 5 "$kit/get.log" >&2; return 1; }
  (cd "$kit" && go build -trimpath -tags "${GO_TAGS:-}" -ldflags "-s -w ${GO_LDFLAGS:-}" -o "$5" "$4")
}

etcd_build() { # VERSION
  once "etcd-$1" go_program etcd go.etcd.io/etcd/server/v3 "v$1" go.etcd.io/etcd/server/v3
  once "etcdctl-$1" go_program etcdctl go.etcd.io/etcd/etcdctl/v3 "v$1" go.etcd.io/etcd/etcdctl/v3
  once "etcdutl-$1" go_program etcdutl go.etcd.io/etcd/etcdutl/v3 "v$1" go.etcd.io/etcd/etcdutl/v3
}

containerd_build() {
  local module=github.com/containerd/containerd/v2 program
  for program in containerd containerd-shim-runc-v2 ctr; do
    GO_LDFLAGS="-X $module/version.Version=v$CONTAINERD" once "$program" go_program "$program" "$module" "v$CONTAINERD" "$module/cmd/$program"
  done
}

# seccomp comes from a C library, linked statically.
runc_build() {
  local module=github.com/opencontainers/runc
  CGO_ENABLED=1 GO_TAGS="seccomp netgo osusergo" GO_LDFLAGS="-X main.version=$RUNC -extldflags -static" \
    once runc go_program runc $module "v$RUNC" $module
}

plugins_build() {
  local module=github.com/containernetworking/plugins kind
  for kind in main/bridge main/loopback ipam/host-local meta/portmap meta/firewall meta/bandwidth; do
    once "cni-${kind##*/}" go_program "cni-${kind##*/}" $module "v$CNI_PLUGINS" "$module/plugins/$kind"
  done
  once cni-flannel go_program cni-flannel $module "v$CNI_WITH_FLANNEL" "$module/plugins/meta/flannel"
}
