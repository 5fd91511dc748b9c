# Sourced by docker/lab. The mirror that infra serves: upstream's files by their URL, images as tars, catalog.yaml.
# It is unpacked once from HA_MIRROR_SOURCE (default ../shared/mirror), or built from source where that is not there.

MIRROR=$LAB/mirror
MIRROR_SOURCE=${HA_MIRROR_SOURCE:-$ROOT/../shared/mirror}
STANDIN_REF=docker.io/ha-mesh/joget-standin:1
STANDIN_TAR=images/docker.io_ha-mesh_joget-standin_1.tar

mirror_ready() {
  mkdir -p "$MIRROR"
  mirror_unpack
  mirror_standin
  mirror_catalog
}

mirror_source_id() { cat "$MIRROR_SOURCE/unpack.py" <(cd "$MIRROR_SOURCE/blobs" && stat -c '%n %s' -- *) | sha256sum; }

mirror_unpack() {
  local id
  [ -f "$MIRROR_SOURCE/unpack.py" ] || { mirror_build; return; }
  id=$(mirror_source_id)
  [ "$(cat "$MIRROR/.source" 2>/dev/null)" != "$id" ] || return 0
  rm -f "$MIRROR/.source"
  /usr/bin/python3 "$MIRROR_SOURCE/unpack.py" "$MIRROR"
  mv "$MIRROR/catalog.yaml" "$MIRROR/.catalog-upstream.yaml"
  echo "$id" >"$MIRROR/.source"
}

mirror_build() {
  [ ! -f "$MIRROR/.source" ] || return 0
  "$ROOT/docker/mirror" "$MIRROR"
  mv "$MIRROR/catalog.yaml" "$MIRROR/.catalog-upstream.yaml"
  echo built >"$MIRROR/.source"
}

# Joget's own image cannot be redistributed: the lab runs a stand-in that keeps its contract.
mirror_standin() {
  local tar=$MIRROR/$STANDIN_TAR
  mkdir -p "$(dirname "$tar")"
  "$ROOT/docker/joget-standin/build" "$tar.new"
  cmp -s "$tar.new" "$tar" || cp "$tar.new" "$tar"
  rm -f "$tar.new"
}

mirror_catalog() {
  local tar=$MIRROR/$STANDIN_TAR
  {
    cat "$MIRROR/.catalog-upstream.yaml"
    printf -- '- {name: "%s", version: "%s", arch: "amd64", kind: "image", url: "%s", path: "%s", sha256: "%s", size: %s}\n' \
      "${STANDIN_REF%:*}" "${STANDIN_REF##*:}" "$STANDIN_REF" "$STANDIN_TAR" "$(sha256sum "$tar" | cut -d' ' -f1)" "$(stat -c %s "$tar")"
  } >"$MIRROR/.catalog.new"
  shim_rewrite "$MIRROR/.catalog.new"
  cmp -s "$MIRROR/.catalog.new" "$MIRROR/catalog.yaml" || mv "$MIRROR/.catalog.new" "$MIRROR/catalog.yaml"
}
