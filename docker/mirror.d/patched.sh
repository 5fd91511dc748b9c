# Sourced by docker/mirror. Programs some of whose dependencies the module proxy does not have: built without those parts.

# flanneld without its backend for the Tencent cloud.
flannel_build() { # OUT
  local module=github.com/flannel-io/flannel src=$BUILD/work/flannel
  module_copy "$module@v$FLANNEL" "$src"
  rm -r "$src/pkg/backend/tencentvpc"
  sed -i '/tencentvpc/d' "$src/main.go"
  sed -i '/tencentcloud/d' "$src/go.mod"
  (cd "$src" && CGO_ENABLED=1 go build -trimpath -tags "netgo osusergo" \
    -ldflags "-s -w -extldflags -static -X $module/pkg/version.Version=v$FLANNEL" -o "$1" .)
}

# Traefik without the DNS providers of ACME and without basic auth, neither of which the site uses.
traefik_build() { # OUT
  local module=github.com/traefik/traefik/v3 src=$BUILD/work/traefik/src
  mkdir -p "$BUILD/work/traefik"
  module_copy "$module@v$TRAEFIK" "$src"
  traefik_drop_dns_providers "$src"
  traefik_drop_basic_auth "$src"
  traefik_fill_gaps "$src"
  (cd "$src" && go build -trimpath -ldflags "-s -w -X $module/pkg/version.Version=v$TRAEFIK" -o "$1" ./cmd/traefik)
}

traefik_drop_dns_providers() { # SRC
  local lego=github.com/go-acme/lego/v5 copy=$BUILD/work/traefik/lego list folder signature
  module_copy "$lego@$(awk -v m=$lego '$1 == m { print $2 }' "$1/go.mod")" "$copy"
  list=$copy/providers/dns/zz_gen_dns_providers.go
  signature=$(grep '^func New' "$list")
  for folder in "$copy"/providers/dns/*/; do
    [ "$(basename "$folder")" = internal ] || rm -r "$folder"
  done
  printf 'package dns\n\nimport (\n\t"errors"\n\n\t"%s/challenge"\n)\n\n%s\n\treturn nil, errors.New("built without DNS providers")\n}\n' \
    $lego "$signature" >"$list"
  (cd "$1" && go mod edit -replace "$lego=$copy")
}

# The fork that Traefik uses is not published as a module; the original lacks two names.
traefik_drop_basic_auth() { # SRC
  (cd "$1" && go mod edit -dropreplace github.com/abbot/go-http-auth -require github.com/abbot/go-http-auth@v0.4.0)
  sed -i 's/RequireAuthStale/RequireAuth/' "$1/pkg/middlewares/auth/digest_auth.go"
  sed -i 's/goauth\.CheckSecret/refuseSecret/' "$1/pkg/middlewares/auth/basic_auth.go"
  printf '\nfunc refuseSecret(_, _ string) bool { return false }\n' >>"$1/pkg/middlewares/auth/basic_auth.go"
}

# A nested module and the built web pages are not part of the published module.
traefik_fill_gaps() { # SRC
  local ext=$1/pkg/config/dynamic/ext
  mkdir -p "$ext" "$1/webui/static"
  echo "module github.com/traefik/traefik/dynamic/ext" >"$ext/go.mod"
  printf 'package ext\n\ntype (\n\tHTTP struct{}\n\tRouter struct{}\n\tService struct{}\n\tMiddleware struct{}\n)\n' >"$ext/ext.go"
  [ -n "$(ls -A "$1/webui/static")" ] || echo "built without its dashboard" >"$1/webui/static/index.html"
}
