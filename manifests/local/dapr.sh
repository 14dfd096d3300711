#!/usr/bin/env bash
# The Dapr sidecar (daprd) with every component, built from its Go modules: for people without Docker.
# Needs Go 1.26 or later; the first build takes about ten minutes of processor time.
#
#   dapr.sh install
#
#   LOCAL_DAPR_DIR  the program and what it is built from (default: .dapr beside this script)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=${LOCAL_DAPR_DIR:-$here/.dapr}
# An exact version: what the module proxy calls the latest is years old.
version=1.18.0
module=github.com/dapr/dapr
. "$here/common.sh"

installed() { [ "$("$dir/bin/daprd" --version 2>/dev/null)" = "$version" ]; }

# A Go module whose only tool is daprd: a module's replacements count only where it is the main one, so Dapr's are repeated.
go_module() {
  local source
  # From /, so that no module above this folder has a say.
  source=$(cd / && go mod download "$module@v$version" && go list -m -f '{{.Dir}}' "$module@v$version")
  # The checksum database does not know every module below; Dapr's own list, itself verified by it, does.
  cat "$source/go.sum" >go.sum
  cat >go.mod <<END
module localhost/dapr

go 1.26.4

require $module v$version

replace (
	dubbo.apache.org/dubbo-go/v3 => dubbo.apache.org/dubbo-go/v3 v3.0.3-0.20230118042253-4f159a2b38f3
	github.com/chenzhuoyu/iasm => github.com/chenzhuoyu/iasm v0.9.0
	github.com/chzyer/logex => github.com/chzyer/logex v1.2.1
	github.com/gobwas/pool => github.com/gobwas/pool v0.2.1
	github.com/toolkits/concurrent => github.com/niean/gotools v0.0.0-20151221085310-ff3f51fc5c60
	gopkg.in/couchbaselabs/gocbconnstr.v1 => github.com/couchbaselabs/gocbconnstr v1.0.5
)
END
  # Not `go mod tidy`: it also wants what only the tests of the dependencies need, and not all of that is published.
  go get -tool "$module/cmd/daprd@v$version"
}

install() {
  if installed; then say "daprd $version is installed already, in $dir/bin"; return; fi
  command -v go >/dev/null || fail "Go is missing; see https://go.dev/doc/install"
  # Every time anew, so that nothing of an interrupted build or another version counts; Go keeps the downloads elsewhere.
  rm -rf "$dir/build"
  mkdir -p "$dir/build" "$dir/bin"
  (
    cd "$dir/build"
    go_module
    # Without the tag daprd knows no component at all; without the version it calls itself "edge".
    go build -trimpath -tags allcomponents -ldflags "-s -w -X $module/pkg/buildinfo.version=$version" \
      -o ../bin/daprd "$module/cmd/daprd"
  )
  installed || fail "$dir/bin/daprd was built, but does not run"
  say "daprd $version is in $dir/bin"
}

# There is no server to start here.
if [ "${1:-}" = install ]; then main install; else main; fi
