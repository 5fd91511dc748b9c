# Sourced by docker/lab. The lab's spec, .lab/site.yaml, and the few facts in it that the lab itself needs.

SITE=$LAB/site.yaml
DEFAULT_SITE=$ROOT/examples/ha-site.yaml

site_py() { /usr/bin/python3 "$ROOT/docker/lab.d/site.py" "$@"; }

# site_choose [-f FILE | --machines LIST]: writes $SITE; with no argument the present one stays, or the example comes.
site_choose() {
  local from='' names=''
  while [ $# -gt 0 ]; do
    case $1 in
      -f | --file) from=${2:?-f needs a file}; shift 2 ;;
      --machines) names=${2:?--machines needs names, for example lb1,m1,w1,db1}; shift 2 ;;
      *) die "unknown option $1 (known: -f FILE, --machines NAMES)" ;;
    esac
  done
  if [ -n "$from$names" ] || [ ! -f "$SITE" ]; then
    from=${from:-$DEFAULT_SITE}
    [ -f "$from" ] || die "no spec $from"
    site_py place "$from" "$SITE.new" ${names:+"$names"}
    site_same_network "$SITE.new"
    mv "$SITE.new" "$SITE"
  fi
  site_py facts "$SITE" >"$LAB/facts"
}

# The catalog's digest is part of the spec, and the lab's own mirror decides it.
site_pin() { site_py pin "$SITE" "$(sha256sum "$MIRROR/catalog.yaml" | cut -d' ' -f1)"; }

# A lab that runs on another network cannot take this spec.
site_same_network() {
  local running
  running=$(docker network inspect -f '{{(index .IPAM.Config 0).Subnet}}' ha-lab 2>/dev/null </dev/null || true)
  [ -z "$running" ] || [ "$running" = "$(site_py facts "$1" | awk '$1 == "subnet" { print $2 }')" ] ||
    die "a lab on $running is running and this spec is of another network: docker/lab down first"
}

site_facts() { [ -f "$LAB/facts" ] || die "no lab yet: docker/lab up"; cat "$LAB/facts"; }
site_fact() { site_facts | awk -v k="$1" '$1 == k { print $2; exit }'; }
site_machines() { site_facts | awk '$1 == "machine" { print $2 ":" $3 ":" $4 }'; } # NAME:ROLE:ADDRESS
site_names() { site_facts | awk '$1 == "machine" { print $2 }'; }
site_of_role() { site_facts | awk -v r="$1" '$1 == "machine" && $3 == r { print $2 }'; }
