#!/bin/sh
# Installs lychd for this user: one file, checked against the release's checksums. No root.
#   LYCHD_BIN   where to put it (default: ~/.local/bin)
#   LYCHD_URL   where to get it
set -eu
die() { echo "install: $*; nothing was installed" >&2; exit 1; }

url=${LYCHD_URL:-@URL@}
bin=${LYCHD_BIN:-$HOME/.local/bin}
case $bin in /*) ;; *) bin=$PWD/$bin ;; esac
case "$(uname -sm)" in
    "Linux x86_64" | "Linux aarch64") file=lychd-$(uname -m) ;;
    *) die "lychd needs Linux on x86_64 or aarch64; this is $(uname -sm)" ;;
esac
for tool in curl sha256sum; do
    command -v "$tool" >/dev/null || die "$tool is missing: install curl and coreutils"
done
[ ! -d "$bin/lychd" ] || die "$bin/lychd is a folder: move it away, or set LYCHD_BIN"

mkdir -p "$bin"
# Download into the target folder, so that the final move is atomic.
work=$(mktemp -d "$bin/.lychd-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
cd "$work"
for name in SHA256SUMS "$file"; do
    curl -fsSL -o "$name" "$url/$name" || die "cannot get $url/$name"
done
grep "  $file\$" SHA256SUMS | sha256sum -c --quiet - || die "the checksum of $file does not match the release"
chmod 755 "$file"
version=$(./"$file" --version) || die "$file does not run on this machine"
mv "$file" "$bin/lychd"
echo "installed lychd $version in $bin"
case ":$PATH:" in *":$bin:"*) ;; *) echo "install: $bin is not in your PATH" >&2 ;; esac
