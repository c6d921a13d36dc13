#!/usr/bin/env bash
# Makes dist/release with the programs of the list `toolchain`, and with no other.
#
#   tools/release/build.sh --url URL     the folder from which users download the release
set -euo pipefail
cd "$(dirname "$0")/../.."

tools=$PWD/dist/toolchain
case $(uname -m) in x86_64) npm_arch=x64 ;; *) npm_arch=arm64 ;; esac
# Here Deno looks for the bundler before it downloads one.
export DENO_DIR=$tools/cache
bundler=$DENO_DIR/dl/esbuild-0.25.5-1/esbuild-linux-$npm_arch

rm -rf "$tools" dist/release
tools/release/fetch.sh "deno-$(uname -m)" "$tools/deno"
tools/release/fetch.sh "esbuild-$(uname -m)" "$bundler"
tools/release/fetch.sh denort-x86_64 "$tools/denort-x86_64"
tools/release/fetch.sh denort-aarch64 "$tools/denort-aarch64"
"$tools/deno" run -A tools/release/release.ts "$@"

others=$(find "$DENO_DIR/dl" -type f ! -path "$bundler")
[ -z "$others" ] || {
    rm -rf dist/release
    printf 'build: Deno used programs that are not in tools/release/toolchain; dist/release was removed\n%s\n' "$others" >&2
    exit 1
}
